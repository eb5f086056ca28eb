"""When two formulas are the same: written by another program, moved with their row, or pointing at rows that moved."""

from __future__ import annotations

import pytest

from evalbatch.verification.formulas import Meaning, Rows, rows_referred_to

NOTHING_MOVED = Meaning({}, {})


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("IF(FALSE,1E-13,2)", "IF( FALSE(), 0.0000000000001, 2.0 )"),
        ("SUM(得分明细!$I$3:$I$11)", "SUM('得分明细'!$I$3:$I$11)"),
        ("RANK(F3,排名!$F$3:$F$9)", "RANK(排名!F3,$F$3:$F$9)"),
        ('IFERROR(A1,"")', '_xlfn.IFERROR(A1,"")'),
    ],
)
def test_the_same_formula_written_by_another_program(expected: str, found: str) -> None:
    assert NOTHING_MOVED.same("排名", expected, 3, found, 3)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("A1+1", "A1+2"),
        ("A$1", "B$1"),
        ("'一'!A1", "'二'!A1"),
        ('IF(A1="甲",1,2)', 'IF(A1="甲 ",1,2)'),
        ("LOG10(A1)", "LOG11(A1)"),
        ('HYPERLINK("#得分明细!A3",F3)', 'HYPERLINK("#得分明细!A4",F3)'),
        ("SUM(A1:A9)", "SUM(A1:A8)"),
    ],
)
def test_another_formula(expected: str, found: str) -> None:
    assert not NOTHING_MOVED.same("排名", expected, 3, found, 3)


def test_a_formula_that_moved_with_its_row() -> None:
    assert NOTHING_MOVED.same("排名", "F3+数据底稿!$A$6", 3, "F8+数据底稿!$A$6", 8)
    assert not NOTHING_MOVED.same("排名", "F3+数据底稿!$A$6", 3, "F3+数据底稿!$A$6", 8)


def test_references_follow_rows_that_a_spreadsheet_moved() -> None:
    # of rows 3 to 7 the second was deleted, and a strange one stands below the third
    rows = Rows([(3, 3), (5, 4), (6, 6), (7, 7)], complete=False)
    meaning = Meaning({"明细": "得分明细"}, {"得分明细": rows})

    def same(expected: str, found: str) -> bool:
        return meaning.same("排名", expected, 3, found, 3)

    assert same("得分明细!$A$5", "明细!$A$4")
    assert not same("得分明细!$A$5", "明细!$A$5")
    assert same("SUM(得分明细!$A$3:$A$7)", "SUM(明细!$A$3:$A$7)")
    assert same("SUM(得分明细!$A$4:$A$6)", "SUM(明细!$A$4:$A$6)")
    assert not same("SUM(得分明细!$A$3:$A$7)", "SUM(明细!$A$3:$A$6)")
    assert same('HYPERLINK("#得分明细!A5",1)', 'HYPERLINK("#得分明细!A5",1)')
    assert same('HYPERLINK("#得分明细!A5",1)', 'HYPERLINK("#得分明细!A4",1)')
    assert not same('HYPERLINK("#得分明细!A5",1)', 'HYPERLINK("#得分明细!A7",1)')
    assert rows.moved and rows.out_of_order is None
    assert Rows([(3, 4), (4, 3)], complete=True).out_of_order == 3
    assert not Rows([(3, 3), (4, 4)], complete=True).moved


def test_rows_are_referred_to_by_number_when_not_all_together() -> None:
    sheets = {"排名": (3, 9), "得分明细": (3, 9), "数据底稿": (6, 9)}
    formulas = ["RANK(F3,排名!$F$3:$F$9)", "得分明细!$I$4", "数据底稿!$A$5:$Z$5", 'IF(A1="数据底稿!$A$7",1,2)']
    assert rows_referred_to(formulas, sheets) == {"得分明细"}
