"""ISO 8601 times as venues write them, to nanoseconds and back, exactly."""

from datetime import UTC, datetime
from functools import lru_cache

from ticklink.model.errors import WireError

NS = 1_000_000_000


def iso_to_ns(text: str) -> int:
    """`2021-07-22T22:36:10.014Z`, with up to 9 decimals or none, as ns since 1970. Raises WireError for any other form."""
    second, fraction, is_utc = text[17:19], text[20:-1], text[-1:] == "Z"
    has_dot = text[19:20] == "."
    is_whole = is_utc and second.isdecimal() and second.isascii() and text[16:17] == ":"
    if is_whole and has_dot and fraction.isdecimal() and fraction.isascii() and len(fraction) <= 9:
        return _minute_ns(text[:16]) + int(second) * NS + int(fraction.ljust(9, "0"))
    if is_whole and len(text) == 20:
        return _minute_ns(text[:16]) + int(second) * NS
    raise WireError(f"{text[:40]!r} is not a time like 2021-07-22T22:36:10.014Z")


def ns_to_iso(ns: int, *, decimals: int = 3) -> str:
    """The same form, cut (not rounded) to a number of decimals, 1 to 9."""
    whole, fraction = divmod(ns, NS)
    date = datetime.fromtimestamp(whole, UTC)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{fraction:09}"[: 20 + decimals] + "Z"


@lru_cache(maxsize=64)
def _minute_ns(minute: str) -> int:
    try:
        date = datetime.strptime(minute + "+0000", "%Y-%m-%dT%H:%M%z")
    except ValueError:
        raise WireError(f"{minute!r} is not the start of a time like 2021-07-22T22:36:10.014Z") from None
    if date.year < 1970 or len(minute) != 16:
        raise WireError(f"{minute!r} is before 1970")
    return int(date.timestamp()) * NS
