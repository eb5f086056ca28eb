"""Differences of a workbook -> the same with their causes: a file that came in, what it was judged by, or the workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evalbatch.verification.claims import DIGEST, FACTS, REGISTER, Claims
from evalbatch.verification.differences import EXTRA_ROW, MISSING_ROW, Cause, Difference

SUPPLIED: Final = {
    "单位名录": "--roster", "财政数据": "--prefill", "复核文件": "--adjustments", "截止日期": "--deadline",
    "评价阶段": "--final",
}  # fmt: skip
"""Facts of what was given to a run, and the options that give it."""
VERSION: Final[Cause] = "程序版本"
_BASIS: Final = frozenset({"方案版本", "方案文件", "方案摘要（SHA-256）", *SUPPLIED})
_OVERVIEW: Final = "总览"
_AMONG_ALL: Final = frozenset({"排名", "分类排名", "序号", "部门号"})
"""Headers of columns that say something of a department among all of them."""
_NEW: Final = "收件文件夹中有这个文件，登记中没有"
_GONE: Final = "登记的这个文件不在收件文件夹中"


@dataclass(frozen=True)
class _Affected:
    """Files that are not what they were, and the departments that they are of."""

    files: frozenset[str]
    departments: frozenset[str]

    def touches(self, told: Difference) -> bool:
        """Whether a difference may follow from those files."""
        if not self.files:
            return False
        among_all = told.sheet in (_OVERVIEW, FACTS) or told.header in _AMONG_ALL or told.of_all
        return among_all or told.file in self.files or bool({told.code, told.name} & self.departments)


def attributed(differences: Iterable[Difference], claims: Claims) -> Iterator[Difference]:
    """Each difference with its cause, in the order given.

    Where the basis or the program is another one, every other difference may follow from that; where a file is not
    what it was, those of its departments and those that depend on all of them.
    """
    told = list(differences)
    others = [difference for difference in told if not _is_source(difference)]
    sources = [difference for difference in told if _is_source(difference)]
    affected = _affected(sources, claims)
    another_basis = any(_is_basis(difference) for difference in told)
    for difference in told:
        if _is_basis(difference):
            yield replace(difference, cause=VERSION if difference.row == VERSION else "评价依据")
        elif _is_source(difference):
            own = _affected([difference], claims)
            yield _source(difference, alone=not any(own.touches(other) for other in others))
        elif another_basis or affected.touches(difference):
            yield replace(difference, cause="随之变动")
        else:
            yield difference


def _is_basis(told: Difference) -> bool:
    return told.sheet == FACTS and (told.row in _BASIS or told.row == VERSION)


def _is_source(told: Difference) -> bool:
    about = told.header == DIGEST or told.what in (MISSING_ROW, EXTRA_ROW)
    return told.sheet == REGISTER and bool(told.file) and about


def _affected(sources: Sequence[Difference], claims: Claims) -> _Affected:
    files = frozenset(told.file for told in sources)
    names = {name for told in sources for name in (told.code, told.name)}
    names |= {name for file in files if file in claims.files for name in claims.files[file].whose}
    return _Affected(files, frozenset(names - {""}))


def _source(told: Difference, alone: bool) -> Difference:
    """A file that is not what it was; where nothing else follows from it, somebody changed the register."""
    if told.header == DIGEST:
        what = f"登记的摘要被改（{told.what}）" if alone else f"文件与登记时不同（{told.what}）"
    elif told.what == MISSING_ROW:
        what = MISSING_ROW if alone else _NEW
    else:
        what = EXTRA_ROW if alone else _GONE
    return replace(told, what=what, cause="工作簿" if alone else "来源文件")
