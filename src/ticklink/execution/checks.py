"""What must hold of a request before it is sent: known symbol, valid side, positive finite numbers on tick and lot.

A check that fails raises Refused, whose message says what is wrong, and the nearest value that would be right.
"""

from decimal import Decimal
from math import floor, inf, nan
from numbers import Real

from ticklink.model.instruments import Instrument
from ticklink.model.requests import TIMES_IN_FORCE, AmendOrder, CreateOrder

SIDES = {"Buy": 1, "Sell": -1}
CLOSE_ENOUGH = 1e-6
"""A float counts as on the tick (lot) when it is within this share of one of it: 0.1 + 0.2 is on the tick 0.1."""

ROUNDING = 1e-15
"""Or within this share of the number itself, which is all that a float tells: 123.456789 is on the lot 0.00000001."""

NUMBERS = (float, int, Real, Decimal)
"""The common ones first: asking whether a float is a `Real` takes several times as long."""


class Refused(Exception):
    """The request is not sent. The message says why and what to do."""


def side_sign(side: object) -> int:
    """+1 or -1."""
    try:
        return SIDES[side]  # type: ignore[index]
    except (KeyError, TypeError):
        raise Refused(f"side must be 'Buy' or 'Sell', not {side!r}") from None


def price_ticks(instrument: Instrument, price: object) -> int:
    """A price as a whole number of ticks."""
    ticks = whole(price, instrument.tick_ratio)
    if ticks is None:
        raise Refused(_off("price", price, instrument, instrument.tick, "tick"))
    most = instrument.most_ticks
    if most is not None and ticks > most:
        raise Refused(f"price {price} is above the highest price of {_name(instrument)}, {instrument.max_price}")
    return ticks


def size_lots(instrument: Instrument, size: object) -> int:
    """A size as a whole number of lots."""
    lots = whole(size, instrument.lot_ratio)
    if lots is None:
        raise Refused(_off("size", size, instrument, instrument.lot, "lot"))
    least, most = instrument.lots_range
    if most is not None and lots > most:
        raise Refused(f"size {size} is above the largest order of {_name(instrument)}, {instrument.max_size}")
    if lots < least:
        raise Refused(f"size {size} is below the smallest order of {_name(instrument)}, {instrument.min_size}")
    return lots


def check_notional(instrument: Instrument, ticks: int, lots: int) -> None:
    """Spot venues ask for a smallest price x size."""
    least = instrument.min_notional
    if least is None:
        return
    notional = instrument.exact_price(ticks) * instrument.exact_size(lots) * instrument.multiplier
    if notional < least:
        there, wanted = f"{notional.normalize():f} {instrument.quote}", f"{least.normalize():f}"
        raise Refused(f"price x size is {there}; {_name(instrument)} wants at least {wanted}")


def check_flags(request: CreateOrder) -> None:
    """Order flags that make sense together."""
    if request.time_in_force not in TIMES_IN_FORCE:
        raise Refused(f"time_in_force must be one of {', '.join(TIMES_IN_FORCE)}, not {request.time_in_force!r}")
    if request.post_only and (request.is_market or request.time_in_force != "GTC"):
        raise Refused("post_only goes with limit orders that rest: not with market orders, IOC or FOK")


def check_amend(request: AmendOrder) -> None:
    if request.size is None and request.price is None:
        raise Refused("amend_order needs a new size, a new price, or both")


def since_ms(since: object) -> int | None:
    """Where candles are to start; None asks for the latest."""
    if since is None:
        return None
    number = _float(since)
    if not -inf < number < inf:
        raise Refused(f"since must be a time in epoch milliseconds, not {since!r}")
    return int(number)


def whole(value: object, step: tuple[int, int]) -> int | None:
    """How many steps a positive finite number is, or None where it lies between two. Refused where it is no such number."""
    # every order of a backtest passes here twice: a float that is a whole number of steps needs no further calls
    exact = (value if type(value) is float and 0 < value < inf else _number(value)) * step[1] / step[0]
    if not exact < inf:
        raise Refused(f"a price or size must be a positive finite number, not {value!r}")
    steps = round(exact)
    is_whole = steps == exact or abs(exact - steps) <= max(CLOSE_ENOUGH, ROUNDING * exact)
    return steps if steps > 0 and is_whole else None


def _number(value: object) -> float:
    number = _float(value)
    if not 0 < number < inf:
        raise Refused(f"a price or size must be a positive finite number, not {value!r}")
    return number


def _float(value: object) -> float:
    """A number of whatever type, for a bot's may be numpy's or Decimal; NaN for what is none."""
    if not isinstance(value, NUMBERS) or isinstance(value, bool):
        return nan
    try:
        return float(value)
    except OverflowError:
        return inf


def _off(what: str, value: object, instrument: Instrument, step: Decimal, word: str) -> str:
    numerator, denominator = step.as_integer_ratio()
    below = floor(_number(value) * denominator / numerator)
    near = [f"{(steps * step).normalize():f}" for steps in (below, below + 1) if steps > 0]
    return f"{what} {value} is not a multiple of the {word} {step} of {_name(instrument)}; nearest: {' or '.join(near)}"


def _name(instrument: Instrument) -> str:
    return f"{instrument.src} {instrument.sym}"
