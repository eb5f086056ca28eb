"""The report for other programs: JSON against its published schema, every table as CSV and as Parquet."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import jsonschema
import pyarrow
import pyarrow.parquet
import pytest

from evalbatch import cli
from evalbatch.model import Outcome
from evalbatch.report import dump_report, dump_schema, report_tables
from evalbatch.table_columns import TABLES
from evalbatch.table_files import TableError, write_csv, write_parquet
from tests import test_samples
from tests.forms import scheme
from tests.ranking_workbook.outcomes import PAYLOADS, batch, department, finding, hostile, realistic
from tests.test_samples import FOLDER

OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "realistic": realistic,
    "hostile": hostile,
    "samples": test_samples.outcome,
    "empty": batch,
}
SCHEMA = json.loads(files("evalbatch").joinpath("report.schema.json").read_bytes())


def written_csv(headers: list[str], rows: list[list[object]]) -> bytes:
    target = io.BytesIO()
    write_csv(target, headers, rows)  # type: ignore[arg-type]
    return target.getvalue()


def test_the_published_schema_is_the_one_that_the_columns_give() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert files("evalbatch").joinpath("report.schema.json").read_bytes() == dump_schema(scheme())


@pytest.mark.parametrize("which", OUTCOMES)
def test_every_report_follows_the_published_schema(which: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    report = json.loads(dump_report(OUTCOMES[which](), scheme()))
    assert [error.message for error in validator.iter_errors(report)] == []


def test_the_schema_refuses_what_no_report_says() -> None:
    report = json.loads(dump_report(realistic(), scheme()))
    report["departments"][0]["总分"] = "高"
    report["findings"][0]["级别"] = "严重"
    del report["files"][0]["SHA-256"]
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert sorted(error.json_path for error in validator.iter_errors(report)) == [
        "$.departments[0]['总分']",
        "$.files[0]",
        "$.findings[0]['级别']",
    ]


def test_a_text_in_a_csv_is_never_a_formula_and_comes_back() -> None:
    texts = [*"=+-@\t＝＋－＠'", "=1+1", "-2+3", "\n=1", "—", '甲,"乙"', "'", "007"]
    content = written_csv(["=表头"], [[text] for text in texts])
    assert content.startswith(b"\xef\xbb\xbf'=")
    rows = [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))][1:]
    assert not [text for text in rows if text[:1] in tuple("=+-@\t\r\n＝＋－＠")]
    assert [text.removeprefix("'") for text in rows] == texts


def test_figures_and_dates_in_a_csv_keep_every_digit() -> None:
    row = [Decimal("-316.63"), Decimal("1E+3"), 7, None, date(2024, 6, 1), datetime(2025, 8, 20, 9, 30)]
    content = written_csv(list("甲乙丙丁戊己"), [row])
    assert content.decode("utf-8-sig").splitlines()[1] == "-316.63,1000,7,,2024-06-01,2025-08-20 09:30:00"


@pytest.mark.parametrize("which", OUTCOMES)
def test_every_table_is_the_same_in_parquet(which: str) -> None:
    for name, (kinds, rows) in report_tables(OUTCOMES[which](), scheme()).items():
        wanted = list(rows)
        target = io.BytesIO()
        write_parquet(target, kinds, wanted)
        table = pyarrow.parquet.read_table(target)
        assert table.column_names == list(kinds), name
        found = [tuple(row.values()) for row in table.to_pylist()]
        for row, other in zip(wanted, found, strict=True):
            for kind, value, read in zip(kinds.values(), row, other, strict=True):
                if kind in ("text", "mixed"):
                    assert (value is None) == (read is None)
                    assert not isinstance(value, str) or read == value.encode("utf-8", "replace").decode()
                else:
                    assert read == (None if isinstance(value, str) else value), (name, kind)
                    assert not isinstance(value, str) or value in ("—", "不可比"), (name, kind)


def test_columns_have_the_same_types_in_every_batch() -> None:
    def types(outcome: Outcome) -> dict[str, pyarrow.Schema]:
        found = {}
        for name, (kinds, rows) in report_tables(outcome, scheme()).items():
            target = io.BytesIO()
            write_parquet(target, kinds, rows)
            found[name] = pyarrow.parquet.read_schema(target)
        return found

    empty = types(batch())
    assert empty == types(realistic()) and list(empty) == list(TABLES)
    assert str(empty["排名"].field("总分").type) == "decimal128(38, 16)"
    assert str(empty["重点工作"].field("计划完成日期").type) == "date32[day]"
    assert str(empty["收件登记"].field("接收时间").type) == "timestamp[ms]"
    assert str(empty["数据底稿"].field("S10.决算数").type) == "decimal128(38, 16)"
    assert str(empty["数据底稿"].field("A11.是否适用").type) == "string"


def test_a_figure_that_parquet_cannot_hold_is_told() -> None:
    with pytest.raises(TableError, match="“总分”栏"):
        write_parquet(io.BytesIO(), {"总分": "decimal"}, [[Decimal("1E+30")]])


def test_without_the_library_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(TableError, match=r'pip install "evalbatch\[parquet\]"'):
        write_parquet(io.BytesIO(), {}, [])


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    for code in ("101001", "101009"):
        shutil.copy(next((FOLDER / "inbox").glob(f"{code}_*.xlsx")), folder)
    return folder


def invoke(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["evalbatch", *map(str, arguments)])
    return cli._run()


def test_run_writes_every_form_the_same_bytes_whatever_the_workers(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for jobs in (1, 2):
        to = tmp_path / str(jobs)
        to.mkdir()
        reports = [argument for name in ("报告.json", "表", "表.parquet") for argument in ("--report", to / name)]
        code = invoke(monkeypatch, "run", inbox, "-o", to / "排名.xlsx", *reports, "--time", "2025-09-01T09:00:00",
                      "--jobs", jobs, "--quiet")  # fmt: skip
        assert code == 1
        made.append({path.relative_to(to): path.read_bytes() for path in to.rglob("*") if path.is_file()})
    assert made[0] == made[1]
    names = {path.as_posix() for path in made[0]}
    assert names == {"排名.xlsx", "报告.json", *(f"表/{name}.csv" for name in TABLES),
                     *(f"表.parquet/{name}.parquet" for name in TABLES)}  # fmt: skip
    ranking = made[0][Path("表/排名.csv")].decode("utf-8-sig").splitlines()
    assert ranking[1].startswith("1,101009,市信访局,")


def test_other_files_of_a_folder_stay(inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "表"
    folder.mkdir()
    (folder / "说明.txt").write_text("留着", encoding="utf-8")
    (folder / "排名.csv").write_text("旧", encoding="utf-8")
    assert invoke(monkeypatch, "run", inbox, "-o", tmp_path / "a.xlsx", "--report", folder, "--quiet") == 1
    assert (folder / "说明.txt").read_text(encoding="utf-8") == "留着"
    assert {path.name for path in folder.iterdir()} == {"说明.txt", *(f"{name}.csv" for name in TABLES)}
    assert (folder / "排名.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "收件", "表"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("报告.xml", "应以 .json 或 .parquet 结尾"),
        ("无/表", "不存在"),
        ("文件", "是文件"),
        ("收件", "不能写在收件文件夹"),
        ("收件/表", "不能写在收件文件夹"),
        ("收件/表.parquet", "不能写在收件文件夹"),
    ],
)
def test_a_report_that_cannot_be_written_is_told_before_any_work(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str,
    sentence: str,
) -> None:  # fmt: skip
    (tmp_path / "文件").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    assert invoke(monkeypatch, "run", inbox, "-o", tmp_path / "a.xlsx", "--report", tmp_path / target) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and captured.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_payloads_stay_texts_in_every_csv() -> None:
    outcome = hostile()
    assert len(PAYLOADS) == 9
    for kinds, rows in report_tables(outcome, scheme()).values():
        content = io.BytesIO()
        write_csv(content, list(kinds), rows)
        for row in csv.reader(io.StringIO(content.getvalue().decode("utf-8-sig"), newline="")):
            assert not [text for text in row if text[:1] in ("=", "@", "+")]


def test_a_finding_with_figures_has_numbers() -> None:
    report = json.loads(dump_report(batch(department(findings=[finding()])), scheme()))
    assert [report["findings"][0][key] for key in ("填报值", "应为", "差额")] == [3632.41, 3315.78, -316.63]
