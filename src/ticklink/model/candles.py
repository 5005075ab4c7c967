"""Candle levels and bins: which levels exist, and where on the time line their buckets lie."""

from ticklink.model.errors import InputError

MINUTE_MS = 60_000
DAY_MS = 86_400_000

LEVELS_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "3h": 180 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "1w": 7 * DAY_MS,
}

WEEK_OFFSET_MS = 4 * DAY_MS
"""1970-01-01 was a Thursday: the first Monday 00:00 UTC is four days on, and weeks start there."""


def level_ms(level: str) -> int:
    """The length of a candle level in ms. Raises InputError naming the known levels."""
    try:
        return LEVELS_MS[level]
    except (KeyError, TypeError):
        raise InputError(f"unknown candle level {level!r}; use one of {', '.join(LEVELS_MS)}") from None


def offset_ms(level: str) -> int:
    """Where the level's buckets start, as ms after the epoch: 0, but a Monday for weeks."""
    return WEEK_OFFSET_MS if level == "1w" else 0


def candle_bin(value_ms: float, level: str, *, ceil: bool = False) -> int:
    """`value_ms` (epoch ms) rounded down to the start of its bucket, or up to the next with `ceil`."""
    length, offset = level_ms(level), offset_ms(level)
    steps = (value_ms - offset) // length
    start = int(steps) * length + offset
    return start + length if ceil and start < value_ms else start


def time_range(start_ms: float, end_ms: float, level: str, *, include_start: bool = True) -> list[int]:
    """Epoch ms from start to end, both included, one level apart; without the start if asked."""
    length = level_ms(level)
    first = int(start_ms) if include_start else int(start_ms) + length
    return list(range(first, int(end_ms) + 1, length))
