"""Payloads: what a bot publishes, as JSON bytes, or an error that names the place JSON cannot carry."""

import math
from typing import Any

import msgspec

from ticklink.model.errors import InputError

MAX_DEPTH = 100


def encode(data: Any, subject: str) -> bytes:
    """`data` as JSON: dicts, lists, tuples, text, numbers, booleans, None, numpy scalars and arrays.

    Raises InputError that begins with `subject` and names the offending place and its type: NaN and infinities, other
    objects, keys that are neither text nor integers, integers beyond 64 bits, what contains itself.
    """
    try:
        return msgspec.json.encode(_plain(data, "data", 0))
    except _UnfitError as unfit:
        raise InputError(f"{subject}: {unfit}") from None


class _UnfitError(Exception):
    """JSON cannot carry this."""


def _plain(value: Any, place: str, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value, place)
    if kind is float:
        return _finite(value, place)
    if kind is int:
        return _integer(value, place)
    if value is None or kind is bool:
        return value
    if depth > MAX_DEPTH:
        raise _UnfitError(f"{place[:60]}... is nested more than {MAX_DEPTH} deep, or contains itself")
    return _compound(value, place, depth + 1)


def _compound(value: Any, place: str, depth: int) -> Any:
    if isinstance(value, dict):
        return {_key(key, place): _plain(item, f"{place}[{key!r}]", depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{i}]", depth) for i, item in enumerate(value)]
    for plain in (str, float, int):
        if isinstance(value, plain):
            return _plain(plain(value), place, depth)
    if hasattr(value, "tolist"):
        # numpy scalars and arrays, without importing numpy
        return _plain(value.tolist(), place, depth)
    raise _UnfitError(f"{place} is {_described(value)}, which JSON cannot carry")


def _text(value: str, place: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _UnfitError(f"{place} is text with half a surrogate pair, which JSON cannot carry") from None
    return value


def _finite(value: float, place: str) -> float:
    if not math.isfinite(value):
        raise _UnfitError(f"{place} is {value}, which JSON cannot carry; send None instead")
    return value


def _integer(value: int, place: str) -> int:
    if not -(2**63) <= value < 2**64:
        raise _UnfitError(f"{place} is an integer beyond 64 bits; send it as text")
    return value


def _key(key: Any, place: str) -> str:
    if isinstance(key, str):
        return _text(key, f"a key of {place}")
    if isinstance(key, bool) or not hasattr(key, "__index__"):
        raise _UnfitError(f"{place} has the key {key!r} ({type(key).__name__}); JSON's keys are text")
    return str(int(key))


def _described(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
