"""Money is neither created nor lost: positions and accounts against exact fractions, whatever the order of fills."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.contracts import bitmex_inverse, bitmex_linear, bitmex_quanto, bitmex_spot, coarse_linear
from ticklink.model.money import ZERO, Contract
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account

CONTRACTS = (bitmex_inverse(), bitmex_linear(), bitmex_quanto(), coarse_linear())
START = 10**15
unhurried = settings(deadline=None)  # a loaded machine is not a fault

contracts = st.sampled_from(CONTRACTS)
ticks = st.integers(1_000, 200_000)
fills = st.lists(st.tuples(st.sampled_from([1, -1]), ticks, st.integers(1, 5_000)), min_size=1, max_size=40)


def rich(venue: str = "a") -> Account:
    return Account(venue, "bitmex", {"XBT": START, "USDT": START})


def exact_cost(contract: Contract, price_ticks: int | Fraction, lots: int) -> Fraction:
    """The cost with no rounding at all."""
    if contract.is_inverse:
        return -Fraction(*contract.inverse_lot) * lots / price_ticks
    return Fraction(contract.weight_factor * lots, contract.weight_scale) * price_ticks


def worst_rounding(contract: Contract, lots: int) -> Fraction:
    """Half a unit a lot on inverse contracts, half a unit a fill elsewhere."""
    return Fraction(abs(lots) if contract.is_inverse else 1, 2)


@unhurried
@given(contracts, fills)
def test_cost_is_always_what_was_paid_and_what_was_realised(
    contract: Contract, trades: list[tuple[int, int, int]]
) -> None:
    position, paid, realised = Position(contract), 0, 0
    for side, price, lots in trades:
        cost = contract.cost(price, side * lots)
        paid += cost
        realised += position.apply(side * lots, price, cost)
        assert position.cost == paid + realised
        assert position.realised == realised
    assert position.lots == sum(side * lots for side, _, lots in trades)


@unhurried
@given(contracts, fills, ticks)
def test_a_position_closed_has_realised_the_sum_of_its_fills(
    contract: Contract, trades: list[tuple[int, int, int]], last: int
) -> None:
    position = Position(contract)
    for side, price, lots in [*trades, (-1, last, sum(side * lots for side, _, lots in trades))]:
        if lots:
            position.apply(side * lots, price, contract.cost(price, side * lots))
    closing = -sum(side * lots for side, _, lots in trades)
    everything = [(price, side * lots) for side, price, lots in trades] + [(last, closing)]
    assert position.lots == position.cost == 0
    assert position.realised == -sum(contract.cost(price, lots) for price, lots in everything)
    exact = -sum((exact_cost(contract, price, lots) for price, lots in everything), Fraction(0))
    assert abs(position.realised - exact) <= sum(worst_rounding(contract, lots) for _, lots in everything)


@unhurried
@given(contracts, fills, ticks)
def test_realised_and_unrealised_are_the_cash_flows_at_the_mark(
    contract: Contract, trades: list[tuple[int, int, int]], mark: int
) -> None:
    position = Position(contract)
    for side, price, lots in trades:
        position.apply(side * lots, price, contract.cost(price, side * lots))
    flows = -sum(contract.cost(price, side * lots) for side, price, lots in trades)
    assert position.realised + position.unrealised(mark) == flows + contract.cost(mark, position.lots)


@unhurried
@given(contracts, st.permutations([(1, 64350, 7), (1, 64000, 3), (-1, 65000, 5), (-1, 63000, 4), (1, 70000, 11)]))
def test_the_order_of_fills_changes_when_profit_is_realised_not_how_much(
    contract: Contract, trades: list[tuple[int, int, int]]
) -> None:
    position = Position(contract)
    for side, price, lots in trades:
        position.apply(side * lots, price, contract.cost(price, side * lots))
    expected = -sum(contract.cost(price, side * lots) for side, price, lots in trades) + contract.cost(66000, 12)
    assert position.realised + position.unrealised(66000) == expected


@unhurried
@given(contracts, fills, st.booleans(), ticks)
def test_two_accounts_trading_with_each_other_only_lose_their_fees(
    contract: Contract, trades: list[tuple[int, int, int]], charged: bool, mark: int
) -> None:
    left, right = rich("left"), rich("right")
    maker, taker = (contract.maker_fee, contract.taker_fee) if charged else (ZERO, ZERO)
    fees = 0
    for number, (side, price, lots) in enumerate(trades):
        fees += left.apply_fill(contract, side, price, lots, maker, number).fee
        fees += right.apply_fill(contract, -side, price, lots, taker, number).fee
    left.set_mark(contract, mark)
    right.set_mark(contract, mark)
    assert left.equity(contract.asset) + right.equity(contract.asset) == 2 * START - fees
    assert charged or fees == 0


@unhurried
@given(fills, st.booleans())
def test_two_spot_accounts_keep_every_unit_of_both_assets(trades: list[tuple[int, int, int]], charged: bool) -> None:
    left, right, contract = rich("left"), rich("right"), bitmex_spot()
    rate = contract.taker_fee if charged else ZERO
    fees = 0
    for number, (side, price, lots) in enumerate(trades):
        fees += left.apply_fill(contract, side, price, lots, rate, number).fee
        fees += right.apply_fill(contract, -side, price, lots, rate, number).fee
    assert left.wallets["XBT"] + right.wallets["XBT"] == 2 * START
    assert left.wallets["USDT"] + right.wallets["USDT"] == 2 * START - fees


@unhurried
@given(contracts, fills, ticks, st.tuples(st.integers(-1000, 1000), st.just(1_000_000)))
def test_funding_moves_between_the_two_sides_exactly(
    contract: Contract, trades: list[tuple[int, int, int]], mark: int, rate: tuple[int, int]
) -> None:
    left, right = rich("left"), rich("right")
    for side, price, lots in trades:
        left.apply_fill(contract, side, price, lots, ZERO, 1)
        right.apply_fill(contract, -side, price, lots, ZERO, 1)
    assert left.apply_funding(contract, rate, mark, 2) == -right.apply_funding(contract, rate, mark, 2)


actions = st.lists(
    st.tuples(st.sampled_from(["fill", "fund", "mark", "liquidate"]), contracts, st.sampled_from([1, -1]), ticks),
    max_size=30,
)


@unhurried
@given(actions)
def test_the_ledger_always_sums_to_the_wallets(steps: list[tuple[str, Contract, int, int]]) -> None:
    trader = Account("a", "bitmex", {"XBT": 10**7, "USDT": 10**9})
    for number, (what, contract, side, price) in enumerate(steps):
        act(trader, what, contract, side, price, number)
        for asset, balance in trader.wallets.items():
            assert balance == sum(entry.amount for entry in trader.ledger if entry.asset == asset)
            summary = trader.margin(asset)
            assert summary.wallet_balance == summary.amount + summary.realised_pnl


def act(trader: Account, what: str, contract: Contract, side: int, price: int, time_ns: int) -> None:
    if what == "fill":
        trader.apply_fill(contract, side, price, 100, contract.taker_fee, time_ns)
    elif what == "fund":
        trader.apply_funding(contract, (1, 10_000), price, time_ns)
    elif what == "mark":
        trader.set_mark(contract, price)
    elif trader.is_liquidatable(contract.asset):
        trader.liquidate(contract.asset, time_ns)
        assert trader.wallets[contract.asset] == 0
        assert not trader.is_liquidatable(contract.asset)


orders = st.lists(
    st.tuples(st.sampled_from([*CONTRACTS, bitmex_spot()]), st.sampled_from([1, -1]), ticks, st.integers(1, 2_000)),
    max_size=30,
)


@unhurried
@given(orders, fills, st.randoms(use_true_random=False))
def test_what_is_reserved_and_released_leaves_nothing(
    placed: list[tuple[Contract, int, int, int]], trades: list[tuple[int, int, int]], random: Random
) -> None:
    trader, resting = rich(), []
    for contract, side, price, lots in placed:
        if trader.reserve(contract, side, price, lots) is None:
            resting.append((contract, side, price, lots))
    for side, price, lots in trades:
        trader.apply_fill(bitmex_inverse(), side, price, lots, ZERO, 1)
    random.shuffle(resting)
    for contract, side, price, lots in resting:
        trader.release(contract, side, price, lots // 2)
        trader.release(contract, side, price, lots - lots // 2)
    assert trader.margin("XBT").init_margin == trader.margin("USDT").init_margin == 0


@unhurried
@given(orders)
def test_a_refused_order_holds_nothing(placed: list[tuple[Contract, int, int, int]]) -> None:
    trader = Account("a", "bitmex", {"XBT": 50_000, "USDT": 50_000_000})
    for contract, side, price, lots in placed:
        before = (trader.margin("XBT"), trader.margin("USDT"))
        shortage = trader.reserve(contract, side, price, lots)
        if shortage is not None:
            assert shortage.required > shortage.available
            assert (trader.margin("XBT"), trader.margin("USDT")) == before
        assert trader.margin("XBT").available_margin >= 0
        assert trader.margin("USDT").available_margin >= 0


@unhurried
@given(contracts, fills, ticks)
def test_at_the_bankruptcy_price_nothing_is_left(
    contract: Contract, trades: list[tuple[int, int, int]], mark: int
) -> None:
    trader = Account("a", "bitmex", {"XBT": 10**9, "USDT": 10**9})
    for side, price, lots in trades:
        trader.apply_fill(contract, side, price, lots, ZERO, 1)
    trader.set_mark(contract, mark)
    position = trader.positions[contract.sym]
    bankrupt = trader.bankruptcy_price(contract.sym)
    if bankrupt is not None:
        at_ticks = Fraction(bankrupt) / Fraction(*contract.instrument.tick_ratio)
        left = trader.wallets[contract.asset] + exact_cost(contract, at_ticks, position.lots) - position.cost
        assert float(left) == pytest.approx(0, abs=1e-3)
