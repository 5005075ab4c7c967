"""The synthetic market: the same for a seed, open to outsiders, and shaped like a real one."""

import hashlib
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.simulator.flow import Excitement, FlowModel, round_lots, uniform_stream
from ticklink.simulator.market import (
    DEFAULT_START_NS,
    SECOND_NS,
    Columns,
    Matched,
    QuoteChanged,
    SyntheticMarket,
    Traded,
    generate,
    lot_value,
    reference_price,
)

XBTUSD = Instrument("bitmex", "XBTUSD", "inverse", "XBT", "USD", "XBT", Decimal("0.1"), Decimal(100))
ETHUSD = Instrument("bitmex", "ETHUSD", "quanto", "ETH", "USD", "XBt", Decimal("0.05"), Decimal(1), Decimal("1e-6"))
BTC_USD = Instrument("coinbasepro", "BTC-USD", "spot", "BTC", "USD", "USD", Decimal("0.01"), Decimal("1e-8"))
DOGE = Instrument("woo", "PERP_DOGE_USDT", "linear", "DOGE", "USDT", "USDT", Decimal("1e-5"), Decimal(1))

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "synthetic-market.md"

Series = NDArray[np.float64]


def market(instrument: Instrument = XBTUSD, *, seed: int = 1, model: FlowModel | None = None) -> SyntheticMarket:
    price = reference_price(instrument)
    return SyntheticMarket(instrument, price=price, seed=seed, start_ns=DEFAULT_START_NS, model=model)


def joined(chunks: Iterator[tuple[Columns, Columns]]) -> tuple[Columns, Columns]:
    parts = list(chunks)
    quotes, trades = ({name: np.concatenate([part[i][name] for part in parts]) for name in parts[0][i]} for i in (0, 1))
    return quotes, trades


def digest(*tables: Columns) -> str:
    checksum = hashlib.sha256()
    for name, values in itertools.chain.from_iterable(table.items() for table in tables):
        checksum.update(name.encode() + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return checksum.hexdigest()[:16]


def spread_ticks(quotes: Columns, instrument: Instrument) -> NDArray[np.int64]:
    return np.round((quotes["ask"] - quotes["bid"]) / float(instrument.tick)).astype(np.int64)


def second_returns(quotes: Columns) -> Series:
    """Log returns of the mid price from one second to the next."""
    seconds = np.arange(quotes["time"][0], quotes["time"][-1], SECOND_NS)
    mid = (quotes["bid"] + quotes["ask"]) / 2
    return np.diff(np.log(mid[np.searchsorted(quotes["time"], seconds, side="right") - 1]))


def autocorrelation(values: Series, lags: range) -> float:
    """The mean autocorrelation over some lags."""
    centred = values - values.mean()
    return float(np.mean([(centred[lag:] * centred[:-lag]).mean() for lag in lags]) / (centred**2).mean())


def kurtosis(values: Series) -> float:
    centred = values - values.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)


def taker_signs(trades: Columns) -> Series:
    """One sign for each taker: a sweep prints several trades at one time."""
    is_new = np.diff(trades["time"], prepend=0) > 0
    return trades["side"][is_new].astype(np.float64)


# the same for a seed


def test_a_seed_fixes_every_byte() -> None:
    runs = [digest(*joined(generate(XBTUSD, hours=0.05, seed=seed))) for seed in (7, 7, 8)]
    assert runs[0] == runs[1] != runs[2]


def test_a_short_run_is_the_one_it_has_always_been() -> None:
    """A change here changes every synthetic data set there is: say so in the changelog."""
    assert digest(*joined(generate(XBTUSD, hours=0.1, seed=42))) == "25ceab4c8ba18275"


def test_the_hash_seed_of_the_process_does_not_matter() -> None:
    program = "from tests.simulator.test_market import *; print(digest(*joined(generate(BTC_USD, hours=0.02, seed=3))), end='')"
    expected = digest(*joined(generate(BTC_USD, hours=0.02, seed=3)))
    for hash_seed in ("0", "12345"):
        run = [sys.executable, "-c", program]
        assert (
            subprocess.run(run, cwd=ROOT, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True).stdout
            == expected.encode()
        )


def test_how_time_is_cut_does_not_matter() -> None:
    whole, pieces = market(), market()
    end_ns = DEFAULT_START_NS + 30 * SECOND_NS
    events = whole.advance(end_ns)
    parts = [pieces.advance(DEFAULT_START_NS + ms * 1_000_000) for ms in range(0, 30_001, 7)]
    assert events == [*itertools.chain.from_iterable(parts), *pieces.advance(end_ns)]
    assert whole.now_ns == pieces.now_ns == end_ns


def test_nothing_happens_before_next_ns_and_something_may_then() -> None:
    flow = market()
    flow.advance(DEFAULT_START_NS)
    for _ in range(200):
        assert flow.next_ns > flow.now_ns
        assert flow.advance(flow.next_ns - 1) == []
        flow.advance(flow.next_ns)


# the data


def test_the_first_event_is_the_opening_quote() -> None:
    events = market().advance(DEFAULT_START_NS)
    assert isinstance(events[0], QuoteChanged)
    assert events[0].time_ns == DEFAULT_START_NS
    assert abs(events[0].bid_ticks - 640_000) <= 1


def test_columns_are_those_of_the_archive() -> None:
    quotes, trades = joined(generate(XBTUSD, hours=0.4, seed=2))
    assert {name: str(values.dtype) for name, values in quotes.items()} == {
        "time": "int64", "bid": "float64", "bid_size": "float64", "ask": "float64", "ask_size": "float64",
    }  # fmt: skip
    assert {name: str(values.dtype) for name, values in trades.items()} == {
        "time": "int64", "price": "float64", "size": "float64", "side": "int8",
    }  # fmt: skip
    assert set(trades["side"].tolist()) == {1, -1}
    for table in (quotes, trades):
        assert (np.diff(table["time"]) >= 0).all()
        assert (table["time"] % 1_000_000 == 0).all()
        assert table["time"][0] >= DEFAULT_START_NS
        assert table["time"][-1] <= DEFAULT_START_NS + 1440 * SECOND_NS


def test_prices_and_sizes_are_exact_ticks_and_lots() -> None:
    quotes, trades = joined(generate(BTC_USD, hours=0.02, seed=2))
    for price in (*quotes["bid"].tolist(), *quotes["ask"].tolist(), *trades["price"].tolist()):
        assert price == BTC_USD.price(BTC_USD.nearest_ticks(price))
    for size in (*quotes["bid_size"].tolist(), *trades["size"].tolist()):
        assert size == BTC_USD.size(BTC_USD.nearest_lots(size)) > 0


def test_every_trade_is_at_the_quote_before_it_or_beyond() -> None:
    top: QuoteChanged | None = None
    count = 0
    for event in market().advance(DEFAULT_START_NS + 300 * SECOND_NS):
        if isinstance(event, QuoteChanged):
            top = event
        elif isinstance(event, Traded):
            assert top is not None
            assert event.ticks >= top.ask_ticks if event.side == 1 else event.ticks <= top.bid_ticks
            count += 1
    assert count > 100


def test_the_default_start_is_independent_of_today() -> None:
    assert np.datetime64(DEFAULT_START_NS, "ns") == np.datetime64("2025-01-01")


# outsiders


def test_an_outside_order_at_the_touch_fills_behind_those_before_it_and_before_those_after() -> None:
    flow = market()
    flow.advance(DEFAULT_START_NS)
    best = flow.book.best_bid()
    assert best is not None
    before = flow.book.queue(1, best)
    mine = flow.book.rest(1, best, 40, "mine")
    assert flow.book.ahead(mine) == sum(order.lots for order in before)
    fills: list[Matched] = []
    while mine.is_resting:
        for event in flow.advance(flow.next_ns):
            if isinstance(event, Matched):
                assert event.match.maker is mine
                assert event.side == -1
                fills.append(event)
        after = flow.book.queue(1, best)
        assert not fills or not any(order.is_resting for order in before)
        assert not mine.is_resting or [order for order in after if order not in before][:1] == [mine]
    assert sum(fill.match.lots for fill in fills) == 40
    assert [fill.match.maker_is_done for fill in fills] == [False] * (len(fills) - 1) + [True]
    assert all(fill.match.ticks == best for fill in fills)


def test_a_match_with_an_outsider_is_also_a_public_trade() -> None:
    flow = market()
    best = flow.book.best_ask()
    assert best is not None
    flow.book.rest(-1, best, 5, "mine")
    events = flow.advance(DEFAULT_START_NS + 60 * SECOND_NS)
    places = [index for index, event in enumerate(events) if isinstance(event, Matched)]
    assert places
    for place in places:
        matched, traded = events[place], events[place + 1]
        assert isinstance(matched, Matched)
        assert traded == Traded(matched.time_ns, 1, matched.match.ticks, matched.match.lots)


def test_the_flow_never_withdraws_an_outside_order() -> None:
    flow = market()
    best = flow.book.best_bid()
    assert best is not None
    far = flow.book.rest(1, best - 100_000, 7, "far")
    flow.advance(DEFAULT_START_NS + 600 * SECOND_NS)
    assert (far.is_resting, far.lots) == (True, 7)


def test_what_an_outsider_changes_at_the_top_is_told_first_and_dated_then() -> None:
    flow = market()
    flow.advance(DEFAULT_START_NS)
    best = flow.book.best_ask()
    assert best is not None
    flow.book.take(1, best, flow.book.depth(-1, best))
    first = flow.advance(DEFAULT_START_NS + SECOND_NS)[0]
    assert isinstance(first, QuoteChanged)
    assert first.time_ns == DEFAULT_START_NS
    assert first.ask_ticks > best


@pytest.mark.parametrize("side", [1, -1])
def test_a_big_taker_moves_the_market_and_the_flow_refills(side: int) -> None:
    moves = []
    for seed in range(8):
        flow = market(seed=seed)
        events = flow.advance(DEFAULT_START_NS + 10 * SECOND_NS)
        before = next(event for event in reversed(events) if isinstance(event, QuoteChanged))
        flow.book.take(side, None, sum(lots for _, lots in flow.book.levels(-side, 20)))
        swept = next(iter(flow.book.levels(-side, 1)))[0]
        after = [e for e in flow.advance(flow.now_ns + 2 * SECOND_NS) if isinstance(e, QuoteChanged)][-1]
        assert after.ask_ticks - after.bid_ticks < abs(swept - before.bid_ticks) / 4
        assert sum(lots for _, lots in flow.book.levels(-side, 5)) > 0
        moves.append((after.bid_ticks - before.bid_ticks) * side / abs(swept - before.bid_ticks))
    assert 0.2 < float(np.median(moves)) < 0.9


def test_the_flow_refills_an_emptied_side() -> None:
    flow = market()
    flow.book.take(-1, None, 10**9)
    assert flow.book.best_bid() is None
    quotes = [e for e in flow.advance(DEFAULT_START_NS + 5 * SECOND_NS) if isinstance(e, QuoteChanged)]
    assert quotes[-1].ask_ticks - quotes[-1].bid_ticks < 500


# stylised facts


@pytest.mark.parametrize("seed", range(4))
def test_an_hour_of_xbtusd_looks_like_one(seed: int) -> None:
    quotes, trades = joined(generate(XBTUSD, hours=1, seed=seed))
    assert 15_000 < len(quotes["time"]) < 70_000
    assert 5_000 < len(trades["time"]) < 25_000
    spread = spread_ticks(quotes, XBTUSD)
    assert spread.min() == 1
    assert 1 <= np.median(spread) <= 2
    assert spread.max() > 10, "excursions"
    mid = (quotes["bid"] + quotes["ask"]) / 2
    assert 1.002 < mid.max() / mid.min() < 1.05
    returns = second_returns(quotes)
    assert kurtosis(returns) > 4
    assert abs(autocorrelation(returns, range(1, 11))) < 0.05, "no free lunch from lag to lag"
    assert autocorrelation(np.abs(returns), range(1, 31)) > 0.03, "volatility clusters"
    signs = taker_signs(trades)
    assert autocorrelation(signs, range(1, 2)) > 0.1
    assert autocorrelation(signs, range(10, 51)) > 0.02, "and remembers"
    assert 0.4 < (trades["side"] == 1).mean() < 0.6


@pytest.mark.parametrize("instrument", [ETHUSD, BTC_USD, DOGE], ids=lambda instrument: instrument.sym)
def test_other_ticks_and_lots_make_a_sane_market_too(instrument: Instrument) -> None:
    quotes, trades = joined(generate(instrument, hours=0.5, seed=1))
    spread = spread_ticks(quotes, instrument)
    assert spread.min() == 1
    assert np.median(spread) <= 2
    mid = (quotes["bid"] + quotes["ask"]) / 2
    assert 1.0005 < mid.max() / mid.min() < 1.05
    assert kurtosis(second_returns(quotes)) > 4
    turnover = (trades["size"]).sum() * lot_value(instrument, mid[0]) / float(instrument.lot)
    assert 1e6 < turnover < 1e9


def test_market_orders_come_in_bursts() -> None:
    """A Poisson process has gaps whose deviation equals their mean."""
    _, trades = joined(generate(XBTUSD, hours=0.5, seed=4))
    gaps = np.diff(np.unique(trades["time"])).astype(np.float64)
    assert gaps.std() > 1.3 * gaps.mean()


def test_sizes_are_heavy_tailed_and_like_round_numbers() -> None:
    quotes, trades = joined(generate(XBTUSD, hours=0.5, seed=4))
    sizes = trades["size"]
    assert sizes.max() > 30 * np.median(sizes)
    assert np.isin(sizes, [1000.0, 2000.0, 5000.0, 10_000.0]).mean() > 0.15
    assert (quotes["bid_size"] % 100 == 0).all()


def test_the_book_is_thickest_away_from_the_touch() -> None:
    flow = market()
    near, far = [], []
    for second in range(60, 360, 5):
        flow.advance(DEFAULT_START_NS + second * SECOND_NS)
        best = flow.book.best_bid()
        assert best is not None
        lots = [sum(flow.book.depth(1, best - d) for d in range(start, start + 20)) for start in (1, 1001)]
        near.append(lots[0])
        far.append(lots[1])
    assert np.mean(near) > 3 * np.mean(far) > 0


# parameters


def test_every_parameter_and_its_default_are_documented() -> None:
    model = FlowModel()
    for name in FlowModel.__struct_fields__:
        assert f"| `{name}` | {getattr(model, name)} |" in DOCUMENT.read_text()


def test_the_documented_use_works() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})


def test_a_calmer_model_moves_less() -> None:
    wild, calm = (
        second_returns(joined(generate(XBTUSD, hours=0.3, seed=1, model=FlowModel(annual_volatility=vol)))[0]).std()
        for vol in (1.0, 0.1)
    )
    assert wild > 3 * calm


def test_orders_that_set_off_ever_more_orders_are_an_error() -> None:
    with pytest.raises(ValueError, match="add up to 1 or more"):
        Excitement(FlowModel(fast_excitation=0.6, slow_excitation=0.4))


@pytest.mark.parametrize("price", [0.0, -1.0, 0.09, float("nan"), float("inf")])
def test_an_impossible_price_is_an_error(price: float) -> None:
    with pytest.raises(InputError, match="XBTUSD: a market cannot start at"):
        SyntheticMarket(XBTUSD, price=price, seed=1, start_ns=0)


def test_a_price_of_few_ticks_stays_above_zero() -> None:
    flow = SyntheticMarket(XBTUSD, price=0.4, seed=1, start_ns=0, model=FlowModel(annual_volatility=30.0))
    quotes = [event for event in flow.advance(600 * SECOND_NS) if isinstance(event, QuoteChanged)]
    assert min(quote.bid_ticks for quote in quotes) >= 1


def test_reference_prices() -> None:
    assert reference_price(XBTUSD) == 64_000
    cross = Instrument("woo", "SPOT_ETH_BTC", "spot", "ETH", "BTC", "BTC", Decimal("1e-6"), Decimal("1e-4"))
    assert reference_price(cross) == pytest.approx(0.05)
    unknown = Instrument("woo", "SPOT_ABC_USDT", "spot", "ABC", "USDT", "USDT", Decimal("1e-6"), Decimal(1))
    with pytest.raises(InputError, match="SPOT_ABC_USDT: no reference price for 'ABC'; give the price"):
        reference_price(unknown)


@pytest.mark.parametrize(
    ("instrument", "expected"), [(XBTUSD, 100), (ETHUSD, 3200 * 1e-6 * 64_000), (BTC_USD, 64_000e-8), (DOGE, 0.12)]
)
def test_a_lot_is_worth(instrument: Instrument, expected: float) -> None:
    assert lot_value(instrument, reference_price(instrument)) == pytest.approx(expected)


def test_round_lots() -> None:
    assert [round_lots(lots) for lots in (0.2, 1.4, 3, 4, 8, 140, 1000, 3_600)] == [1, 1, 2, 5, 10, 100, 1000, 5000]


def test_a_stream_of_random_numbers_outlasts_its_blocks() -> None:
    uniform = uniform_stream(1)
    numbers = [uniform() for _ in range(10_000)]
    assert len(set(numbers)) == 10_000
    assert 0.0 <= min(numbers) < max(numbers) < 1.0
