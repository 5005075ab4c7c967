"""Margin, funding and liquidation at the exchange: never a mark too late, whatever was filled on the way."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.worlds import BUY, SELL, Quote, S, Trader, inverse, linear, quotes_of, recorded, trades_of
from ticklink.model.instruments import Instrument
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import Fees, Funding, Queue
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import Rejected

H = 3600 * S
EIGHT = 4 * H
"""The first funding time after the epoch: 04:00 UTC."""


def walk(*mids: int, start: int = 10, step: int = 10, lots: int = 1000) -> list[Quote]:
    """A quote every 10 ns, one tick to either side of these prices."""
    return [(start + step * row, mid - 1, lots, mid + 1, lots) for row, mid in enumerate(mids)]


# Funding


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_position_pays_funding_whatever_its_side(side: int) -> None:
    trader = Trader(recorded(linear(), walk(1000)), funding=Funding(Decimal("0.0001"))).at(20)
    trader.market(side, 10)
    before = trader.account.wallets["USDT"]
    trader.at(EIGHT - 1)
    assert trader.account.wallets["USDT"] == before
    trader.at(EIGHT)
    assert before - trader.account.wallets["USDT"] == 50  # 10 lots x 1000 ticks x 50 minor units x 0.01 %
    assert trader.account.ledger[-1].kind == "funding"
    assert trader.account.ledger[-1].time_ns == EIGHT
    trader.at(EIGHT + 8 * H)
    assert before - trader.account.wallets["USDT"] == 2 * 50


def test_there_is_no_funding_without_a_position_or_a_rate() -> None:
    flat = Trader(recorded(linear(), walk(1000)), funding=Funding(Decimal("0.0001"))).at(EIGHT)
    none = Trader(recorded(linear(), walk(1000)), funding=Funding(Decimal(0))).at(20)
    none.market(BUY, 10)
    none.at(EIGHT)
    assert [entry.kind for entry in flat.account.ledger + none.account.ledger if entry.kind == "funding"] == []


def test_funding_can_be_what_liquidates() -> None:
    trader = Trader(recorded(linear(), walk(1000)), deposits={"USDT": 5_700}, funding=Funding(Decimal("0.01"))).at(20)
    trader.market(BUY, 10)
    trader.at(EIGHT)
    assert trader.exchange.fills[-1].is_liquidation
    assert trader.position == 0


# Margin


def test_a_market_order_needs_margin_at_the_touch() -> None:
    # 1 % of 1,001 ticks x 50 is 501, rounded up; the position then stands 50 below what it cost
    trader = Trader(recorded(linear(), walk(1000)), deposits={"USDT": 1100}).at(20)
    assert trader.market(BUY, 1).status == "Filled"
    with pytest.raises(Rejected, match="Account has insufficient Available Balance, 999 USDt required"):
        trader.market(SELL, 3)
    assert trader.market(SELL, 2).status == "Filled"


def test_margin_is_held_for_the_fees_that_are_charged() -> None:
    market = recorded(linear(), walk(1000))
    trader = Trader(market, fees=Fees(Decimal(0), Decimal("0.001")), deposits={"USDT": 10_000}).at(20)
    trader.limit(BUY, 998, 1)
    assert trader.held == {"USDT": 499 + 100}  # 1 % and twice 0.1 % of 49,900, rounded up


# Liquidation


@pytest.mark.parametrize(("side", "mids", "entry"), [(BUY, range(1000, 900, -1), 1001), (SELL, range(1000, 1100), 999)])
def test_a_position_is_taken_over_at_the_first_mark_that_no_longer_carries_it(
    side: int, mids: range, entry: int
) -> None:
    trader = Trader(recorded(linear(), walk(*mids)), deposits={"USDT": 30_000}).at(15)
    trader.market(side, 20)
    waiting, stop = trader.limit(BUY, 500, 1), trader.stop("Stop", SELL, 400, 1)
    # 20 lots x 50 a tick: 1,000 a tick; maintenance is 0.5 % of the cost of 1,001 (999) ticks: 5,005 (4,995)
    ticks = next(row for row in range(100) if 30_000 - 1000 * abs(entry - mids[row]) <= 20 * 50 * entry * 0.005)
    trader.at(2000)
    fill = trader.exchange.fills[-1]
    assert (fill.is_liquidation, fill.time_ns, fill.lots) == (True, 10 + 10 * ticks, 20)
    assert fill.ticks == entry - side * 30
    assert trader.account.wallets["USDT"] == 0
    assert trader.position == 0
    assert (waiting.text, stop.text) == ("Canceled: Position in liquidation",) * 2
    assert fill.order.text == "Liquidation"
    assert trader.exchange.orders[fill.order.order_id] is fill.order
    assert set(trader.held.values()) == {0}


def test_a_fully_backed_long_is_never_liquidated() -> None:
    trader = Trader(recorded(linear(), walk(*range(1000, 2, -7))), deposits={"USDT": 10**9}).at(15)
    trader.market(BUY, 20)
    trader.at(10**6)
    assert trader.position == 20


@settings(max_examples=120, deadline=None)
@given(
    moves=st.lists(st.integers(-9, 9), min_size=30, max_size=120),
    other_moves=st.lists(st.integers(-9, 9), min_size=30, max_size=120),
    trades=st.lists(st.tuples(st.integers(1, 110), st.booleans(), st.integers(-40, 40)), max_size=20),
    deposit=st.integers(2_000, 200_000),
    is_inverse=st.booleans(),
)
def test_no_quote_ever_leaves_a_position_that_should_have_been_liquidated(
    moves: list[int], other_moves: list[int], trades: list[tuple[int, bool, int]], deposit: int, is_inverse: bool
) -> None:
    """Two positions on one wallet. The naive way to see it: after every quote, set all marks and ask the account.

    That none is liquidated too early needs no test: the account is asked at that very mark before it is done.
    """

    def terms(sym: str) -> Instrument:
        return inverse(sym=sym, tick=Decimal(50)) if is_inverse else linear(sym=sym)

    instruments = terms("ONE"), terms("TWO")

    def trader() -> Trader:
        markets = []
        for instrument, steps in zip(instruments, (moves, other_moves), strict=True):
            mids = [1000]
            for move in steps:
                mids.append(max(5, mids[-1] + move))
            market = ReplayedMarket(instrument, Queue(), lambda: NEVER, first_look=4)
            market.recording.append(quotes_of(instrument, walk(*mids)), trades_of(instrument, []), NEVER, -1)
            markets.append(market)
        asset = instruments[0].settle
        return Trader(*markets, deposits={asset: deposit}, fees=Fees(Decimal(0), Decimal("0.0005"))).at(10)

    subject, asset = trader(), instruments[0].settle
    for row in range(122):
        time = 10 + 10 * row
        subject.exchange.advance(time)
        for at, is_first, lots in trades:
            if at == row and lots and not any(fill.is_liquidation for fill in subject.exchange.fills):
                place(subject, instruments[0 if is_first else 1].sym, lots)
        subject.exchange.set_marks()
        assert not subject.account.is_liquidatable(asset)
    assert sum(entry.amount for entry in subject.account.ledger) == subject.account.wallets[asset]


def place(trader: Trader, sym: str, lots: int) -> None:
    try:
        trader.market(BUY if lots > 0 else SELL, abs(lots), sym=sym)
    except Rejected:
        assert sym in trader.exchange.seats
