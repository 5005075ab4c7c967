"""Merging is a union of multisets: idempotent, and losing nothing, whatever is imported in whatever order."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.storage.columns import Candles, Trades, by_time, gather
from ticklink.storage.merging import is_same, merge

Rows = list[tuple[int, float, float, int]]

few = st.integers(0, 3)
trade_rows = st.lists(st.tuples(few, few.map(float), st.just(1.0), st.sampled_from([1, -1])), max_size=12)
candle_rows = st.dictionaries(st.integers(0, 8), st.integers(1, 3).map(float), max_size=8)


def trades(rows: Rows) -> Trades:
    return by_time(gather(Trades, lambda name: [row[Trades._fields.index(name)] for row in rows]))


def rows(columns: Trades) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(deadline=None)
@given(trade_rows, trade_rows)
def test_of_each_row_the_larger_count_is_kept(one: Rows, other: Rows) -> None:
    kept, new = trades(one), trades(other)
    merged = rows(merge(kept, new))
    assert Counter(merged) == Counter(rows(kept)) | Counter(rows(new))
    assert [row[0] for row in merged] == sorted(row[0] for row in merged)


@settings(deadline=None)
@given(trade_rows, trade_rows)
def test_what_is_there_is_not_added_again(one: Rows, other: Rows) -> None:
    merged = merge(trades(one), trades(other))
    assert merge(merged, trades(other)) is merged
    assert merge(merged, trades(one)) is merged


@settings(deadline=None)
@given(trade_rows, st.data())
def test_a_part_imported_first_does_not_change_the_order_of_the_whole(whole: Rows, data: st.DataObject) -> None:
    part = [row for row in whole if data.draw(st.booleans())]
    assert is_same(merge(trades(part), trades(whole)), trades(whole))


def candles(rows: dict[int, float]) -> Candles:
    columns: dict[str, Any] = {"time": list(rows), "volume": list(rows.values())}
    return by_time(gather(Candles, lambda name: columns.get(name, [1.0] * len(rows))))


@settings(deadline=None)
@given(candle_rows, candle_rows)
def test_a_candle_is_known_by_its_time_and_the_later_import_holds(
    one: dict[int, float], other: dict[int, float]
) -> None:
    merged = merge(candles(one), candles(other))
    assert is_same(merged, candles(one | other))
    assert merge(merged, candles(other)) is merged
