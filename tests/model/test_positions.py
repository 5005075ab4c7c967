"""Positions against a captured BitMEX row, a published wallet history, and sums done by hand."""

import pytest

from tests.model.contracts import bitmex_inverse, bitmex_linear
from ticklink.model.money import Contract, fee
from ticklink.model.positions import Position


def fill(position: Position, lots: int, ticks: int) -> int:
    return position.apply(lots, ticks, position.contract.cost(ticks, lots))


@pytest.fixture
def captured_short() -> Position:
    """The XBTUSD row of 2019-02-20: 100 bought at 3941.5, then 300001 sold at 3941."""
    position = Position(bitmex_inverse(lot=1))
    fill(position, 100, 7883)
    fill(position, -300001, 7882)
    return position


def test_a_fill_past_flat_realises_the_closed_part_and_opens_the_rest(captured_short: Position) -> None:
    assert captured_short.lots == -299901
    assert captured_short.realised == -300  # realisedGrossPnl
    assert captured_short.cost == 7609687974  # unrealisedCost
    assert captured_short.cost - captured_short.realised == 7609688274  # currentCost
    assert captured_short.entry_price == 3941  # avgEntryPrice


def test_unrealised_profit_is_the_venues(captured_short: Position) -> None:
    finer = Position(bitmex_inverse(lot=1, tick="0.01"))
    finer.apply(captured_short.lots, 394100, captured_short.cost)
    assert finer.unrealised(391427) == 52182774


def test_break_even_takes_in_what_was_paid(captured_short: Position) -> None:
    captured_short.fees = 5711071
    assert captured_short.net_realised == -5711371
    assert captured_short.break_even_price == pytest.approx(3938.08, abs=0.01)  # the venue shows 3937.5, a tick lower


def test_a_round_trip_comes_to_its_published_wallet_change() -> None:
    position = Position(bitmex_inverse(lot=1))
    fill(position, 885, 14598)
    realised = fill(position, -885, 13271)
    exit_fee = fee(position.contract.value(13271, 885), position.contract.maker_fee)
    funding = 783 - 709
    assert realised == -1211565
    assert realised - exit_fee + funding == -1208157


def test_a_partial_close_realises_its_share_of_the_average_cost() -> None:
    position = Position(bitmex_linear())
    fill(position, 10, 60000)  # 30 USDT
    fill(position, 20, 63000)  # 63 USDT
    assert position.entry_price == 31000.0
    assert fill(position, -12, 64000) == 38_400_000 - 37_200_000
    assert position.lots == 18
    assert position.cost == 55_800_000
    assert position.entry_price == 31000.0


def test_a_partial_close_keeps_the_unit_it_could_not_split() -> None:
    position = Position(bitmex_inverse(lot=1))
    position.apply(3, 1, -100)
    assert position.apply(-1, 1, 40) == 33 - 40  # a third of 100 is 33, to the nearest
    assert position.apply(-1, 1, 40) == 34 - 40  # half of 67 is 33.5, to the even
    assert position.apply(-1, 1, 40) == 33 - 40
    assert (position.lots, position.cost, position.realised) == (0, 0, -20)


def test_an_entry_at_one_price_is_that_price_whatever_its_value_rounds_to() -> None:
    position = Position(bitmex_inverse(tick="0.1"))
    fill(position, 3, 643502)
    fill(position, 4, 643502)
    assert position.entry_price == 64350.2
    fill(position, -6, 700000)
    assert position.entry_price == 64350.2
    fill(position, 1, 643512)
    assert position.entry_price == pytest.approx(64350.7, abs=0.3)


def test_a_flip_enters_at_the_fills_price() -> None:
    position = Position(bitmex_linear())
    fill(position, 10, 60000)
    fill(position, -15, 61000)
    assert (position.lots, position.entry_price) == (-5, 30500.0)


def test_a_flat_position_has_no_prices() -> None:
    position = Position(bitmex_linear())
    fill(position, 10, 60000)
    fill(position, -10, 60000)
    assert position.entry_price is None
    assert position.break_even_price is None
    assert position.unrealised(70000) == 0


@pytest.mark.parametrize("contract", [bitmex_inverse(), bitmex_linear()])
def test_fifty_thousand_fills_grow_nothing_but_two_numbers(contract: Contract) -> None:
    position = Position(contract)
    for number in range(50_000):
        fill(position, 1, 64350 + number % 7)
    assert position.lots == 50_000
    assert position.realised == 0
    assert position.cost == sum(contract.cost(64350 + number % 7, 1) for number in range(50_000))
