"""Columns of times as files write them, to ns since 1970, vectorised."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ticklink.storage.columns import Int64

SECOND_NS = 1_000_000_000
Characters = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SEPARATORS = ((4, b"-"), (7, b"-"), (10, b"DT "), (13, b":"), (16, b":"), (19, b"."))
"""Of `2024-01-01D00:00:00.123456000`; BitMEX's dumps have the D, others a T or a space."""

EPOCH_UNITS = ((10**11, SECOND_NS), (10**14, 1_000_000), (10**17, 1_000))
"""Below a limit an epoch is in units of so many ns: 10**11 s is the year 5138, 10**11 ms is 1973, and so on."""


def from_iso(texts: Any) -> tuple[Int64, int | None]:
    """An Arrow string array as ns, and the first row that is no time (its ns are meaningless), or None."""
    lengths = _lengths(texts)
    if len(lengths) and (lengths == lengths[0]).all():
        return _fixed(_characters(texts).reshape(len(lengths), -1))
    ns = np.zeros(len(lengths), np.int64)
    faults = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        ns[rows], fault = _fixed(_characters(texts.take(rows)).reshape(len(rows), -1))
        faults += [] if fault is None else [int(rows[fault])]
    return ns, min(faults, default=None)


def from_epoch(values: npt.NDArray[np.int64]) -> Int64:
    """Epochs in s, ms, us or ns as ns; the unit is told by the size of the first."""
    first = abs(int(values[0])) if len(values) else 0
    unit = next((unit for limit, unit in EPOCH_UNITS if first < limit), 1)
    return values * unit


def _lengths(texts: Any) -> npt.NDArray[np.int64]:
    return np.diff(_offsets(texts)).astype(np.int64)


def _offsets(texts: Any) -> npt.NDArray[np.int32]:
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]


def _characters(texts: Any) -> Characters:
    offsets, data = _offsets(texts), texts.buffers()[2]
    whole = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return whole[offsets[0] : offsets[-1]]


def _fixed(text: Characters) -> tuple[Int64, int | None]:
    """Times all of one length, a row of characters each."""
    rows, length = text.shape
    places = np.ascontiguousarray(text.T)  # one array per character place: an order of magnitude faster than rows
    if length and rows and (places[-1] == ord("Z")).all():
        places, length = places[:-1], length - 1
    if length not in (10, 19) and not 21 <= length <= 29:
        return np.zeros(rows, np.int64), 0
    bad = np.zeros(rows, bool)
    for place, allowed in SEPARATORS:
        if place < length:
            bad |= np.logical_and.reduce([places[place] != character for character in allowed])
    ns = _days(places[:10], bad) * (86_400 * SECOND_NS)
    if length > 10:
        ns += _clock(places, bad)
    if length > 20:
        ns += _number(places[20:], bad) * 10 ** (29 - length)
    return ns, int(bad.argmax()) if bad.any() else None


def _clock(places: Characters, bad: Mask) -> Int64:
    hours, minutes, seconds = (_number(places[at : at + 2], bad) for at in (11, 14, 17))
    bad |= (hours > 23) | (minutes > 59) | (seconds > 59)
    return (hours * 3600 + minutes * 60 + seconds) * SECOND_NS


def _number(places: Characters, bad: Mask) -> Int64:
    total = np.zeros(places.shape[1], np.int64)
    for place in places:
        digit = place - np.uint8(48)
        bad |= digit > 9
        total *= 10
        total += digit
    return total


def _days(places: Characters, bad: Mask) -> Int64:
    """Days since 1970. Most files hold few dates, in runs: each is read once."""
    rows = places.shape[1]
    changed = np.ones(rows, bool)
    if rows:
        changed[1:] = np.logical_or.reduce([place[1:] != place[:-1] for place in places])
    starts = np.flatnonzero(changed)
    dates = [_day(places[:, start].tobytes()) for start in starts.tolist()]
    bad[starts] |= np.array([date is None for date in dates], bool)
    return np.repeat(np.array([date or 0 for date in dates], np.int64), np.diff(np.append(starts, rows)))


def _day(date: bytes) -> int | None:
    try:
        return int(np.datetime64(date.decode("ascii"), "D").astype(np.int64))
    except ValueError:
        return None
