"""Intents: what a signal bot may say about a market."""

import math
from collections.abc import Callable
from typing import Any

from ticklink.bot.arguments import is_number
from ticklink.model.errors import InputError


def checked(src: str, sym: str, intents: dict[str, Any]) -> dict[str, Any]:
    """One intent with its value as plain floats; {} or a value of None withdraws. InputError says what is wrong."""
    for label, value in (("src", src), ("sym", sym)):
        if not isinstance(value, str) or not value:
            raise InputError(f"signal: {label} is a text such as 'bitmex' or 'XBTUSD', not {value!r}")
    unknown = sorted(intents.keys() - CHECKS.keys())
    if unknown or len(intents) > 1:
        given = ", ".join(intents)
        raise InputError(f"signal({src!r}, {sym!r}) takes one of {', '.join(CHECKS)} (or none); given: {given}")
    return {
        name: None if value is None else CHECKS[name](value, f"signal({src!r}, {sym!r}, {name}=...)")
        for name, value in intents.items()
    }


def _size(value: Any, call: str) -> float:
    size = _number(value)
    if not -1 <= size <= 1:
        raise InputError(f"{call}: size is a number from -1 to 1, not {value!r}")
    return size


def _price(value: Any, call: str) -> float:
    price = _number(value)
    if not 0 < price < math.inf:
        raise InputError(f"{call}: a price is a positive number, not {value!r}")
    return price


def _quote(value: Any, call: str) -> list[float]:
    prices = list(value) if hasattr(value, "__iter__") else []
    if len(prices) != 2:
        raise InputError(f"{call}: a quote is [bid, ask], not {value!r}")
    bid, ask = (_price(price, call) for price in prices)
    if bid > ask:
        raise InputError(f"{call}: the bid {bid} is above the ask {ask}")
    return [bid, ask]


def _number(value: Any) -> float:
    """NaN, which no check lets pass, stands for what is no number."""
    return float(value) if is_number(value) else math.nan


CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "size": _size,
    "mid": _price,
    "bid": _price,
    "ask": _price,
    "quote": _quote,
}
