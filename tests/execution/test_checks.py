"""What must hold of a request before it is sent, and what is said where it does not."""

from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.worlds import linear, spot
from ticklink.execution import checks
from ticklink.execution.checks import Refused
from ticklink.model.requests import AmendOrder, CreateOrder

FINE = spot(tick=Decimal("0.1"), lot=Decimal("0.00000001"), multiplier=Decimal(1))


def test_sides() -> None:
    assert (checks.side_sign("Buy"), checks.side_sign("Sell")) == (1, -1)
    for wrong in ("buy", "BUY", 1, None, ["Buy"]):
        with pytest.raises(Refused, match=r"^side must be 'Buy' or 'Sell', not "):
            checks.side_sign(wrong)


@pytest.mark.parametrize("price", [0.1 + 0.2, 0.3, np.float64(0.3), np.float32(0.3), Decimal("0.3")])
def test_floats_on_the_tick_are_taken_whatever_their_type(price: Any) -> None:
    assert checks.price_ticks(FINE, price) == 3


@pytest.mark.parametrize("size", [200, 200.0, np.int64(200), np.float64(200)])
def test_sizes_may_be_integers_of_any_kind(size: Any) -> None:
    assert checks.size_lots(linear(), size) == 2


@pytest.mark.parametrize("size", [123.456789, 98765.43210001, 0.00000001, 1234567.00000005])
def test_large_sizes_on_a_fine_lot_are_on_the_lot(size: float) -> None:
    assert checks.size_lots(FINE, size) == round(size * 1e8)


@pytest.mark.parametrize("value", [0, -1, -0.5, inf, -inf, nan, 10**400, True, None, "5", np.inf, Decimal("NaN"), [1]])
def test_what_is_not_a_positive_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="a price or size must be a positive finite number, not "):
        checks.price_ticks(linear(), value)
    with pytest.raises(Refused, match="a price or size must be a positive finite number, not "):
        checks.size_lots(linear(), value)


def test_a_number_too_large_to_count_in_steps_is_refused() -> None:
    with pytest.raises(Refused, match="positive finite"):
        checks.size_lots(FINE, 1.7e308)


@pytest.mark.parametrize(
    ("price", "near"),
    [(64350.55, "64350.5 or 64350.6"), (1234567.89, "1234567.8 or 1234567.9"), (0.01, "0.1"), (99.95, "99.9 or 100")],
)
def test_a_price_off_the_tick_is_told_the_nearest(price: float, near: str) -> None:
    with pytest.raises(Refused) as no:
        checks.price_ticks(FINE, price)
    assert str(no.value) == f"price {price} is not a multiple of the tick 0.1 of bitmex XBT_USDT; nearest: {near}"


@pytest.mark.parametrize(("size", "near"), [(250, "200 or 300"), (50, "100"), (1e9 + 1, "1000000000 or 1000000100")])
def test_a_size_off_the_lot_is_told_the_nearest(size: float, near: str) -> None:
    with pytest.raises(Refused) as no:
        checks.size_lots(linear(), size)
    assert str(no.value) == f"size {size} is not a multiple of the lot 100 of bitmex XBTUSDT; nearest: {near}"


def test_bounds_of_the_instrument() -> None:
    bounded = linear(min_size=Decimal(200), max_size=Decimal(1000), max_price=Decimal(100))
    assert checks.size_lots(bounded, 200) == 2
    assert checks.size_lots(bounded, 1000) == 10
    assert checks.price_ticks(bounded, 100) == 200
    for call, value, message in (
        (checks.size_lots, 100, "size 100 is below the smallest order of bitmex XBTUSDT, 200"),
        (checks.size_lots, 1100, "size 1100 is above the largest order of bitmex XBTUSDT, 1000"),
        (checks.price_ticks, 100.5, "price 100.5 is above the highest price of bitmex XBTUSDT, 100"),
    ):
        with pytest.raises(Refused) as no:
            call(bounded, value)
        assert str(no.value) == message


def test_the_smallest_notional() -> None:
    instrument = spot(min_notional=Decimal(10))
    checks.check_notional(instrument, 200_000, 1)
    with pytest.raises(Refused, match="price x size is 5 USDT; bitmex XBT_USDT wants at least 10"):
        checks.check_notional(instrument, 100_000, 1)


@pytest.mark.parametrize("time_in_force", ["GTC", "IOC", "FOK"])
def test_known_times_in_force(time_in_force: str) -> None:
    checks.check_flags(CreateOrder("V", "X", "Buy", 1, 1, time_in_force=time_in_force))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"time_in_force": "gtc"}, "time_in_force must be one of GTC, IOC, FOK, not 'gtc'"),
        ({"post_only": True, "time_in_force": "IOC"}, "post_only goes with limit orders that rest"),
        ({"post_only": True, "is_market": True}, "post_only goes with limit orders that rest"),
    ],
)
def test_flags_that_do_not_go_together(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        checks.check_flags(CreateOrder("V", "X", "Buy", 1, 1, **terms))


def test_an_amendment_changes_something() -> None:
    checks.check_amend(AmendOrder("V", "x", size=1))
    checks.check_amend(AmendOrder("V", "x", price=1))
    with pytest.raises(Refused, match="amend_order needs a new size, a new price, or both"):
        checks.check_amend(AmendOrder("V", "x"))


@pytest.mark.parametrize(("since", "ms"), [(None, None), (0, 0), (5.9, 5), (np.int64(7), 7)])
def test_since_is_epoch_milliseconds(since: Any, ms: int | None) -> None:
    assert checks.since_ms(since) == ms


@pytest.mark.parametrize("since", ["2024", nan, inf, True, [1]])
def test_since_is_nothing_else(since: Any) -> None:
    with pytest.raises(Refused, match="since must be a time in epoch milliseconds, not "):
        checks.since_ms(since)


@given(
    ticks=st.integers(1, 10**7),
    tick=st.sampled_from(["0.5", "0.1", "0.05", "0.01", "0.0001", "0.00001", "25", "0.025"]),
)
def test_every_price_on_the_tick_is_taken_and_every_price_between_is_not(ticks: int, tick: str) -> None:
    instrument = linear(tick=Decimal(tick))
    assert checks.price_ticks(instrument, instrument.price(ticks)) == ticks
    with pytest.raises(Refused, match="nearest"):
        checks.price_ticks(instrument, instrument.price(ticks) + float(tick) * 0.4)
