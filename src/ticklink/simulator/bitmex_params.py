"""BitMEX request parameters as bots, forms and query strings send them: native values, JSON, or text."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from numbers import Integral, Real
from typing import Any

import msgspec

from ticklink.simulator.rules import Rejected

LARGEST = 2**53
"""Whole numbers beyond it are not exact in JSON."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def invalid(name: str) -> Rejected:
    """A parameter of the wrong type or out of its range, in the venue's words."""
    return Rejected(f"{name} is invalid")


def missing(name: str) -> Rejected:
    return Rejected(f"'{name}' is a required arg.")


class Params:
    """The parameters of one call. None and empty text count as not given; what cannot be read raises Rejected (400)."""

    def __init__(self, given: Mapping[Any, Any]) -> None:
        self._given = {str(name): value for name, value in given.items() if not _is_blank(value)}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def with_values(self, **values: Any) -> "Params":
        """The same parameters with some replaced."""
        return Params(self._given | values)

    def text(self, name: str, default: str = "") -> str:
        value = self._given.get(name, default)
        if isinstance(value, str):
            return value
        if not isinstance(value, bool) and isinstance(value, Integral):
            return str(value)
        raise invalid(name)

    def number(self, name: str) -> float | None:
        value = self._given.get(name)
        return None if value is None else _number(name, value)

    def whole(self, name: str, default: int | None = None) -> int | None:
        value = self.number(name)
        if value is None:
            return default
        if not value.is_integer() or abs(value) > LARGEST:
            raise invalid(name)
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._given.get(name, default)
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower())
        if not isinstance(value, bool):
            raise invalid(name)
        return value

    def names(self, name: str) -> list[str]:
        """One text or several: a list, a JSON array, or a single name."""
        value = self._given.get(name, [])
        if isinstance(value, str):
            value = _json(name, value) if value.lstrip().startswith("[") else [value]
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise invalid(name)
        return list(value)

    def words(self, name: str) -> list[str]:
        """Names, where a single text may hold several with commas between them."""
        return [word.strip() for text in self.names(name) for word in text.split(",") if word.strip()]

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._given.get(name, {})
        if isinstance(value, str):
            value = _json(name, value)
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise invalid(name)
        return dict(value)

    def time_us(self, name: str) -> int | None:
        """A point in time in microseconds since 1970."""
        value = self._given.get(name)
        return None if value is None else moment_us(name, value)


def moment_us(name: str, value: Any) -> int:
    """`2014-12-26 11:00`, `2014-12-26`, `2014-12-26T11:00:00.000Z`: UTC where nothing else is said."""
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        raise invalid(name)
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (aware - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise invalid(name) from None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _number(name: str, value: Any) -> float:
    is_number = isinstance(value, Real | Decimal) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and "_" not in value):
        raise invalid(name)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise invalid(name) from None
    if not isfinite(number):
        raise invalid(name)
    return number


def _json(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise invalid(name) from None
