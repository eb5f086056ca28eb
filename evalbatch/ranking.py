"""Results -> places: 1, 2, 2, 4 by 总分, within 部门类别 likewise; listed by 部门预算执行率, then 单位编码."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from evalbatch.model import Ranked, Summary


def rank(results: Sequence[Summary]) -> tuple[Ranked, ...]:
    """The results with their places, in the order of 排名; ties share a rank and leave the next ones out."""
    import pandas as pd  # takes longer to load than everything else: while workers read, there is time

    if not results:
        return ()
    numbers = {category: number for number, category in enumerate(result.category for result in results)}
    frame = pd.DataFrame(
        {
            # totals have two decimals at the most, so cents are exact integers
            "cents": [int(result.total * 100) for result in results],
            # by number: pandas would take a department's text for valid UTF-8
            "category": [numbers[result.category] for result in results],
        }
    )
    ranks = frame["cents"].rank(method="min", ascending=False).astype(int)
    within = frame.groupby("category", dropna=False)["cents"].rank(method="min", ascending=False).astype(int)
    placed = [
        Ranked(result, int(place), int(category_place))
        for result, place, category_place in zip(results, ranks, within, strict=True)
    ]

    def order(item: Ranked) -> tuple[int, Decimal, str, str]:
        rate = item.result.rate
        return item.rank, Decimal(1) if rate is None else -rate, item.result.code, item.result.source

    return tuple(sorted(placed, key=order))
