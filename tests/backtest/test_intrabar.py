"""The path through a candle: by value, and what holds of any candles."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.worlds import BUY, S, Trader, linear, nothing_more
from ticklink.backtest.intrabar import CandlePath, before_end
from ticklink.backtest.source import quotes_of_trades
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import Queue
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.storage.columns import Candles, Quotes, Trades, gather, join, pick

MINUTE_NS = 60_000_000_000
Bar = tuple[float, ...]
"""minute, open, high, low, close, volume"""


def instrument(tick: str = "0.1", lot: str = "100") -> Instrument:
    return Instrument("bitmex", "XBTUSD", "inverse", "XBT", "USD", "XBT", Decimal(tick), Decimal(lot))


def candles_of(bars: list[Bar]) -> Candles:
    rows = [(int(minute) * MINUTE_NS, *rest) for minute, *rest in bars]
    columns = dict(zip(Candles._fields, zip(*rows, strict=True), strict=True))
    return gather(Candles, columns.__getitem__)


def walked(bars: list[Bar], terms: Instrument | None = None) -> tuple[Quotes, Trades]:
    return CandlePath("1m", terms or instrument()).through(candles_of(bars))


def test_the_nearer_extreme_comes_first_and_of_equals_the_low() -> None:
    _, trades = walked(
        [
            (0, 100.0, 104.0, 99.0, 101.0, 1_000.0),
            (1, 100.0, 101.0, 96.0, 99.0, 1_000.0),
            (2, 100.0, 102.0, 98.0, 99.0, 1_000.0),
        ]
    )
    paths = trades.price.reshape(-1, 4).tolist()
    assert paths == [[100.0, 99.0, 104.0, 101.0], [100.0, 101.0, 96.0, 99.0], [100.0, 98.0, 102.0, 99.0]]


def test_all_but_the_open_is_in_the_last_three_nanoseconds() -> None:
    quotes, _ = walked([(7, 100.0, 101.0, 99.0, 100.0, 1_000.0)])
    end = 8 * MINUTE_NS
    assert quotes.time.tolist() == [7 * MINUTE_NS, end - 3, end - 2, end - 1]


@pytest.mark.parametrize(
    ("volume", "sizes"),
    [
        (0.0, []),
        (99.0, []),
        (100.0, [100]),
        (250.0, [100, 100]),
        (300.0, [100, 100, 100]),
        (400.0, [100, 100, 100, 100]),
        (520_501.0, [100, 173_500, 173_400, 173_500]),
    ],
)
def test_the_lots_of_a_volume_are_shared_out_whole(volume: float, sizes: list[float]) -> None:
    _, trades = walked([(0, 100.0, 101.0, 99.0, 100.5, volume)])
    assert trades.size.tolist() == sizes


def test_a_volume_that_misses_whole_lots_by_a_rounding_error_is_whole() -> None:
    _, trades = walked([(0, 100.0, 101.0, 99.0, 100.0, 0.1 + 0.2)], instrument(lot="0.1"))
    assert trades.size.tolist() == [0.1, 0.1, 0.1]


def test_the_quote_shows_a_quarter_of_the_bar_before_and_a_tick_to_either_side() -> None:
    quotes, _ = walked(
        [(0, 49_999.3, 50_000.0, 49_999.0, 49_999.9, 9_000.0), (1, 49_999.9, 50_000.0, 49_990.0, 49_991.0, 3.0)]
    )
    assert quotes.bid_size.tolist() == quotes.ask_size.tolist() == [100.0] * 4 + [2_200.0] * 4
    assert quotes.bid.tolist()[:4] == [49_999.2, 49_998.9, 49_999.9, 49_999.8]
    assert quotes.ask.tolist()[:4] == [49_999.4, 49_999.1, 50_000.1, 50_000.0]


def test_takers_are_those_against_the_move_and_stay_so_while_there_is_none() -> None:
    _, trades = walked([(0, 100.0, 101.0, 98.0, 98.0, 900.0), (1, 98.0, 98.0, 98.0, 98.0, 900.0)])
    assert trades.side.tolist() == [1, -1, 1, 1, 1, 1, 1, 1]


def test_the_quotes_of_trades_are_on_ticks() -> None:
    columns = ([1, 2], [49_999.3, 50_000.4], [100.0, 200.0], [1, -1])
    quotes = quotes_of_trades(Trades(*map(np.array, columns)), instrument())
    assert (quotes.bid.tolist(), quotes.ask.tolist()) == ([49_999.2, 50_000.4], [49_999.3, 50_000.5])


def test_a_bar_that_starts_in_the_middle_of_a_bucket_is_refused() -> None:
    late = candles_of([(0, 1.0, 1.0, 1.0, 1.0, 1.0)])._replace(time=np.array([1_500_000_000]))
    with pytest.raises(
        InputError, match=r"candles/1m: one starts at 1970-01-01T00:00:01.500, where no 1m candle starts"
    ):
        CandlePath("1m", instrument()).through(late)


def test_a_bar_that_a_run_ends_in_shows_its_open_only() -> None:
    quotes, trades = walked([(0, 100.0, 101.0, 99.0, 100.5, 1_000.0), (1, 100.0, 101.0, 99.0, 100.5, 0.0)])
    assert [part.time.tolist() for part in before_end(iter([quotes]), MINUTE_NS - 3)] == [[0]]
    assert [len(part.time) for part in before_end(iter([trades]), None)] == [4]
    assert list(before_end(iter([pick(trades, slice(4, None))]), None)) == []


# What holds of any candles

TERMS = st.sampled_from([("0.1", "100"), ("0.5", "1"), ("0.01", "0.00001"), ("2.5", "0.1"), ("0.0001", "1000")])


@st.composite
def markets(draw: st.DrawFn) -> tuple[Instrument, list[Bar]]:
    """Bars on ticks, some of them silent, with volumes that may have a part of a lot."""
    terms = instrument(*draw(TERMS))
    lots = st.integers(0, 12) | st.integers(0, 10**6)
    bars: list[Bar] = []
    minute = 0
    for _ in range(draw(st.integers(1, 8))):
        low, opened, close, high = (draw(st.integers(50, 70)) for _ in range(4))
        low, high = min(low, opened, close, high), max(low, opened, close, high)
        volume = float(terms.size(draw(lots))) + draw(st.sampled_from([0.0, 0.4])) * float(terms.lot)
        bars.append((minute, *map(terms.price, (opened, high, low, close)), volume))
        minute += draw(st.sampled_from([1, 1, 1, 5]))
    return terms, bars


@settings(max_examples=200, deadline=None)
@given(market=markets(), cut=st.integers(0, 8))
def test_any_path_stays_in_its_bar(market: tuple[Instrument, list[Bar]], cut: int) -> None:
    terms, bars = market
    quotes, trades = walked(bars, terms)
    assert (np.diff(quotes.time) > 0).all()
    assert (np.diff(trades.time) > 0).all()
    for minute, _, high, low, _, volume in bars:
        rows = slice(*quotes.time.searchsorted((minute * MINUTE_NS, (minute + 1) * MINUTE_NS)).tolist())
        sold = slice(*trades.time.searchsorted((minute * MINUTE_NS, (minute + 1) * MINUTE_NS)).tolist())
        assert rows.stop - rows.start == 4
        assert sum(map(terms.nearest_lots, trades.size[sold].tolist())) == int(volume / float(terms.lot) + 1e-6)
        for prices, away in ((quotes.bid[rows], -1), (trades.price[sold], 0), (quotes.ask[rows], 1)):
            ticks = [terms.nearest_ticks(price) for price in prices]
            assert [terms.price(each) for each in ticks] == prices.tolist()
            assert all(terms.nearest_ticks(low) <= each - away <= terms.nearest_ticks(high) for each in ticks)
    one_by_one = CandlePath("1m", terms)
    parts = [one_by_one.through(candles_of(part)) for part in (bars[:cut], bars[cut:]) if part]
    for whole, pieces in zip((quotes, trades), zip(*parts, strict=True), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(whole, join(list(pieces)), strict=True))


@settings(max_examples=200, deadline=None)
@given(market=markets(), other=markets(), count=st.integers(0, 7))
def test_nothing_of_a_bar_is_told_before_its_end_but_its_open(
    market: tuple[Instrument, list[Bar]], other: tuple[Instrument, list[Bar]], count: int
) -> None:
    """Two recordings that are the same up to a bar's open: so are their events before that bar's end."""
    terms, bars = market
    count = min(count, len(bars) - 1)
    minute, opened, _, _, _, volume = bars[count]
    ticks = [terms.nearest_ticks(opened) + away for away in (9, -8, 5)]
    changed: Bar = (
        minute,
        opened,
        *map(terms.price, ticks),
        3 * volume + float(terms.lot) if volume >= terms.lot else volume,
    )
    before_ns = int(minute + 1) * MINUTE_NS - 3
    both = [
        walked([*bars[:count], bar, *rest], terms) for bar, rest in ((bars[count], bars[count + 1 :]), (changed, []))
    ]
    for one, another in zip(*both, strict=True):
        seen = [pick(each, each.time < before_ns) for each in (one, another)]
        assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))


@settings(max_examples=300, deadline=None)
@given(market=markets(), at=st.integers(0, 7), side=st.sampled_from([1, -1]), away=st.integers(1, 12))
def test_a_resting_order_is_filled_only_by_a_path_through_its_price(
    market: tuple[Instrument, list[Bar]], at: int, side: int, away: int
) -> None:
    """Wherever it joins or stands behind the quote at a bar's open: to be reached, however often, is not enough."""
    _, bars = market
    terms = linear()
    bars = [
        (minute, *(round(each / market[0].price(1)) * 0.5 for each in prices), 700.0) for minute, *prices, _ in bars
    ]
    quotes, trades = walked(bars, terms)
    there = ReplayedMarket(terms, Queue(), nothing_more)
    there.recording.append(quotes, trades, NEVER, -1)
    placed_ns = int(bars[min(at, len(bars) - 1)][0]) * MINUTE_NS + S
    path = [terms.nearest_ticks(bid) + 1 for bid in quotes.bid]
    now = int(quotes.time.searchsorted(placed_ns)) - 1
    ticks = path[now] - side * away
    trader = Trader(there, start_ns=0).at(placed_ns)
    order = trader.limit(side, ticks, 1)
    trader.at(int(quotes.time[-1]) + S)
    is_through = any(side * (point - ticks) < 0 for point in path[now + 1 :])
    assert order.status == ("Filled" if is_through else "New")


def test_a_stop_is_filled_at_the_extreme_a_tick_behind_it() -> None:
    """Not at the close, to which the bar came back."""
    terms = linear()
    there = ReplayedMarket(terms, Queue(), nothing_more)
    there.recording.append(*walked([(0, 100.0, 110.0, 95.0, 105.0, 9_000.0)], terms), NEVER, -1)
    trader = Trader(there, start_ns=0).at(S)
    trader.market(BUY, 1)
    trader.stop("Stop", -BUY, 196, 1)
    trader.at(MINUTE_NS)
    assert trader.fills == [(S, 201, 1, False), (MINUTE_NS - 3, 189, 1, False)]
