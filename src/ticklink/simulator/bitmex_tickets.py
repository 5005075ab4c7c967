"""POST /order read into a Ticket: what its parameters default to, and what the venue refuses them with.

Messages are the venue's own list of errors (its documentation of REST messages) where [M] does not mark them as unverified.
"""

from typing import get_args

import msgspec

from ticklink.execution import checks
from ticklink.model.instruments import Instrument
from ticklink.simulator.bitmex_params import Params, invalid
from ticklink.simulator.bitmex_rows import SUBMITTED, TIMES_IN_FORCE, Note
from ticklink.simulator.exchange import Ticket
from ticklink.simulator.orders import BUY, SELL, SIDE_SIGNS, OrderType, TimeInForce, Trigger
from ticklink.simulator.rules import Rejected

LONGEST_ID = 36
HIGHEST_PRICE = 2**53
"""Where an instrument names none."""

DEFAULT_TYPE: OrderType = "Market"
"""[M] Without price and stopPx. The API description says Limit, which would refuse a `Close` without a price that it allows."""

DEFAULT_TRIGGER: Trigger = "MarkPrice"
"""What the API description says; other sources say LastPrice, so a careful bot sends it."""

BAD_SYMBOL = "Invalid symbol"
BAD_SIDE = "Invalid side"
BAD_QTY = "Invalid orderQty"
BAD_DISPLAY = "Invalid displayQty"
BAD_PRICE = "Invalid price"
PRICE_OFF_TICK = "Invalid price tickSize"
BAD_STOP = "Invalid stopPx for ordType"
STOP_OFF_TICK = "Invalid stopPx tickSize"
BAD_INSTRUCTION = "Unsupported execInst"
CLASHING_INSTRUCTIONS = "Invalid execInst"
BAD_TYPE_FOR_INSTRUCTION = "Invalid ordType for execInst"
BAD_FORM_FOR_INSTRUCTION = "Invalid ordType or timeInForce for execInst"
BAD_TYPE = "Unsupported ordType"
BAD_TIME_IN_FORCE = "Unsupported timeInForce"
BAD_PEG = "Unsupported pegPriceType"
BAD_CONTINGENCY = "Unsupported contingencyType"
BAD_SIMPLE_QTY = "Invalid simpleOrderQty"
NOT_SIMULATED = "{message}: {what} not simulated"

TYPES: tuple[OrderType, ...] = get_args(OrderType)
STOPS = ("Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched")
LIMITS = ("Limit", "StopLimit", "LimitIfTouched")
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
REDUCING = ("ReduceOnly", "Close")
POST_ONLY = "ParticipateDoNotInitiate"
INSTRUCTIONS = (POST_ONLY, *REDUCING, *TRIGGERS)
FORCES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "DAY": "DAY"}


class Instructions(msgspec.Struct, frozen=True):
    """`execInst`, understood."""

    given: str = ""
    post_only: bool = False
    reduce_only: bool = False
    close: bool = False
    trigger: Trigger | None = None


def ticket(params: Params, instrument: Instrument, position_lots: int) -> Ticket:
    """What an order comes down to, with the position as it is. Raises Rejected as the venue would answer."""
    _refuse_unsimulated(params)
    type_ = _type(params)
    told = _instructions(params, instrument)
    force = _time_in_force(params)
    _check_form(told, type_, force)
    side, lots, is_whole = _side_and_lots(params, instrument, told, type_, position_lots)
    client_order_id = client_id(params, "clOrdID")
    return Ticket(
        instrument.sym,
        side,
        type_,
        lots,
        _price(params, instrument) if type_ in LIMITS else None,
        stop_ticks=_stop(params, instrument, type_),
        trigger=told.trigger or DEFAULT_TRIGGER,
        client_order_id=client_order_id,
        time_in_force=force,
        post_only=told.post_only,
        reduce_only=told.reduce_only,
        text=params.text("text", SUBMITTED),
        note=Note(told.given, _display(params, instrument), params.text("clOrdLinkID"), is_whole_position=is_whole),
    )


def client_id(params: Params, name: str) -> str:
    """A client order id, at most 36 characters."""
    given = params.text(name)
    if len(given) > LONGEST_ID:
        raise invalid(name)
    return given


def price_ticks(instrument: Instrument, price: float) -> int:
    """A limit price on the tick, below the highest."""
    return _ticks(instrument, price, BAD_PRICE, PRICE_OFF_TICK)


def stop_ticks(instrument: Instrument, price: float) -> int:
    return _ticks(instrument, price, BAD_STOP, STOP_OFF_TICK)


def order_lots(instrument: Instrument, size: int, message: str = BAD_QTY) -> int:
    """A positive quantity in whole lots, within the largest."""
    lots = checks.whole(size, instrument.lot_ratio) if size > 0 else None
    if lots is None or (instrument.max_size is not None and size > instrument.max_size):
        raise Rejected(message, name="ValidationError")
    return lots


def _refuse_unsimulated(params: Params) -> None:
    if "simpleOrderQty" in params:
        raise Rejected(BAD_SIMPLE_QTY)
    if "pegPriceType" in params or "pegOffsetValue" in params:
        raise unsimulated(BAD_PEG, "pegged and trailing orders are")
    if "contingencyType" in params:
        raise unsimulated(BAD_CONTINGENCY, "linked orders are")


def unsimulated(message: str, what: str) -> Rejected:
    return Rejected(NOT_SIMULATED.format(message=message, what=what))


def _type(params: Params) -> OrderType:
    given = params.text("ordType")
    if given == "Pegged":
        raise unsimulated(BAD_TYPE, "pegged orders are")
    if given:
        return _one_of(given, TYPES, BAD_TYPE)
    if "stopPx" in params:
        return "StopLimit" if "price" in params else "Stop"
    return "Limit" if "price" in params else DEFAULT_TYPE


def _time_in_force(params: Params) -> TimeInForce:
    given = params.text("timeInForce", TIMES_IN_FORCE["GTC"])
    found = [FORCES[short] for short, name in TIMES_IN_FORCE.items() if name == given]
    if not found:
        raise Rejected(BAD_TIME_IN_FORCE)
    return found[0]


def _instructions(params: Params, instrument: Instrument) -> Instructions:
    words = params.words("execInst")
    if "LastWithinMark" in words:
        raise unsimulated(BAD_INSTRUCTION, "LastWithinMark is")
    if not set(words) <= set(INSTRUCTIONS):
        raise Rejected(BAD_INSTRUCTION)
    triggers = [trigger for trigger in TRIGGERS if trigger in words]
    is_reducing = any(word in REDUCING for word in words)
    if len(triggers) > 1 or (instrument.is_spot and (is_reducing or "IndexPrice" in triggers)):
        raise Rejected(CLASHING_INSTRUCTIONS)
    return Instructions(
        ",".join(words), POST_ONLY in words, is_reducing, "Close" in words, triggers[0] if triggers else None
    )


def _check_form(told: Instructions, type_: OrderType, force: TimeInForce) -> None:
    if told.trigger is not None and type_ not in STOPS:
        raise Rejected(BAD_TYPE_FOR_INSTRUCTION)
    if told.post_only and (type_ not in LIMITS or force in ("IOC", "FOK")):
        raise Rejected(BAD_FORM_FOR_INSTRUCTION)


def _side_and_lots(
    params: Params, instrument: Instrument, told: Instructions, type_: OrderType, position_lots: int
) -> tuple[int, int, bool]:
    """(side, lots, does a stop close the whole position): a negative orderQty sells; `Close` can do without orderQty."""
    size = params.whole("orderQty")
    side = _side(params)
    if size is not None:
        if size < 0 and side == BUY:
            raise Rejected(BAD_SIDE)
        return side or (SELL if size < 0 else BUY), order_lots(instrument, abs(size)), False
    if not told.close:
        raise Rejected(BAD_QTY, name="ValidationError")
    if type_ in STOPS:
        if side is None:
            raise Rejected(BAD_SIDE)
        return side, _largest_lots(instrument, position_lots), True
    return side or (BUY if position_lots < 0 else SELL), max(1, abs(position_lots)), False


def _largest_lots(instrument: Instrument, position_lots: int) -> int:
    """Enough for whatever the position becomes; it is cut to that when the stop triggers."""
    largest = instrument.max_size
    return max(abs(position_lots), int(largest / instrument.lot) if largest else 10**9)


def _side(params: Params) -> int | None:
    if "side" not in params:
        return None
    side = SIDE_SIGNS.get(params.text("side"))
    if side is None:
        raise Rejected(BAD_SIDE)
    return side


def _price(params: Params, instrument: Instrument) -> int:
    price = params.number("price")
    if price is None:
        raise Rejected(BAD_PRICE)
    return price_ticks(instrument, price)


def _stop(params: Params, instrument: Instrument, type_: OrderType) -> int | None:
    stop = params.number("stopPx")
    if (stop is None) == (type_ in STOPS):
        raise Rejected(BAD_STOP)
    return None if stop is None else stop_ticks(instrument, stop)


def _ticks(instrument: Instrument, price: float, bad: str, off_tick: str) -> int:
    if not 0 < price <= (HIGHEST_PRICE if instrument.max_price is None else instrument.max_price):
        raise Rejected(bad)
    ticks = checks.whole(price, instrument.tick_ratio)
    if ticks is None:
        raise Rejected(off_tick)
    return ticks


def _display(params: Params, instrument: Instrument) -> int | None:
    """How much of the order shows. Nobody looks, so nothing comes of it."""
    display = params.whole("displayQty")
    if display:
        order_lots(instrument, display, BAD_DISPLAY)
    return display


def _one_of(given: str, known: tuple[OrderType, ...], message: str) -> OrderType:
    for each in known:
        if each == given:
            return each
    raise Rejected(message)
