"""How points came about: the sentences of 得分明细, the cells with what stands in them, of a workbook or of the ranking."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from evalbatch import cli
from evalbatch.department_rows import department_tables
from evalbatch.explanation import explain_result
from tests.forms import judge, scheme
from tests.test_samples import FOLDER, results

SEED = next((FOLDER / "inbox").glob("203001_*.xlsx"))


def explain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, list[str]]:
    monkeypatch.setattr(sys, "argv", ["evalbatch", "explain", *map(str, arguments)])
    code = cli._run()
    said = capsys.readouterr()
    return code, (said.out + said.err).splitlines()


def test_every_sentence_of_the_workbook_is_told() -> None:
    result = results()["203001"]
    table = department_tables(scheme())["lines"]
    place = table.headers.index("计分说明"), table.headers.index("依据单元格")
    said = explain_result(result, scheme()).splitlines()
    rows = table.rows(result)
    assert len(rows) == len(scheme().indicators)
    assert [line for line in said if line.startswith("  说明")] == [f"  说明　{row[place[0]]}" for row in rows]
    assert [line for line in said if line.startswith("  依据")] == [f"  依据　{row[place[1]] or '—'}" for row in rows]


def test_an_indicator_with_the_figures_in_its_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = explain(monkeypatch, capsys, SEED, "b11")
    assert code == 0
    assert lines[3] == "B11　部门预算执行率：2.00 分（分值 2.00，自评得分 2.00，测算得分 2.00，测算）"
    assert lines[4] == "  说明　执行率＝3632.41÷3711.70＝97.86%，达到90%。"
    cells = [line for line in lines if "!" in line and " = " in line and "公式　" not in line]
    assert [line.strip() for line in cells] == [
        "预算执行情况表!G37　S10 本年支出合计，全年预算数 = 3711.70（模板公式，由程序重新计算）",
        "预算执行情况表!H37　S10 本年支出合计，决算数 = 3632.41",
    ]


def test_what_was_filled_in_is_told_where_it_was_not_simply_read() -> None:
    said = explain_result(judge({"G06.决算数": "１６．８", "G06.全年预算数": ""}), scheme(), "B13").splitlines()
    assert "  预算执行情况表!H61　G06 “三公”经费合计，决算数 = 16.80（原填“１６．８”）" in said
    assert "  预算执行情况表!G61　G06 “三公”经费合计，全年预算数 = 空白" in said


def test_a_unit_other_than_the_usual_one_is_told() -> None:
    assert (
        "  金额单位　万元（本工作簿以元填报）"
        in explain_result(judge({"T05.填报内容": "元"}), scheme(), "B13").splitlines()
    )


def test_a_ranking_says_the_same_as_the_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, out = tmp_path / "收件", tmp_path / "排名.xlsx"
    inbox.mkdir()
    shutil.copy(SEED, inbox)
    monkeypatch.setattr(sys, "argv", ["evalbatch", "run", str(inbox), "-o", str(out), "--quiet", "--jobs", "1"])
    assert cli._run() == 0
    capsys.readouterr()
    code, ranking = explain(monkeypatch, capsys, out, "203001")
    assert code == 0
    _, own = explain(monkeypatch, capsys, SEED)
    assert ranking[2:] == own[3:]
    code, lines = explain(monkeypatch, capsys, out, "203001", "A41")
    assert (code, lines[2:]) == (0, own[own.index("") :][lines_before(own, "A41") :][:3])
    for arguments, sentence in (
        ((out,), "请再给出单位编码"),
        ((out, "999"), "没有单位编码 999"),
        ((out, "203001", "Z9"), "没有指标 Z9"),
    ):
        code, lines = explain(monkeypatch, capsys, *arguments)
        assert code == 2 and len(lines) == 1 and sentence in lines[0]


def lines_before(said: list[str], code: str) -> int:
    """How many lines stand between the first blank one and those of an indicator."""
    return next(n for n, line in enumerate(said[said.index("") :]) if line.startswith(code))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("无.xlsx",), "找不到 无.xlsx"),
        ((SEED, "ID01"), "没有指标 ID01"),
        ((FOLDER / "inbox" / "市公安局_2024.xlsx",), "无法审核"),
    ],
)
def test_what_cannot_be_explained_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], sentence: str
) -> None:
    code, lines = explain(monkeypatch, capsys, *arguments)
    assert code == 2 and len(lines) == 1 and sentence in lines[0]
