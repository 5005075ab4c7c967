"""Bringing new rows together with rows that are kept already, so that importing twice changes nothing.

The archive has no row ids, and equal rows are legitimate: a taker can fill two resting orders of one size at one price
in one instant. So rows are compared as a multiset, time by time: of each distinct row the larger of its two counts is
kept. Where the order within one time differs, the fuller account gives it: the rows kept already if they hold all new
ones, the new ones if they hold all kept, else the kept ones followed by what the new ones add.

Candles have an id, their time: a new candle replaces the kept one.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt

from ticklink.storage.columns import AnyColumns, Candles, Columns, arrays, by_time, join, pick

Mask = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]


def merge(kept: AnyColumns, new: AnyColumns) -> AnyColumns:
    """Both ordered by time. Returns `kept` itself where `new` adds nothing."""
    if is_same(kept, new):
        return kept
    keep, take = _replace(kept, new) if isinstance(kept, Candles) else _unite(kept, new)
    if not take.any():
        return kept
    merged: AnyColumns = by_time(join([pick(kept, keep), pick(new, take)]))
    return merged


def is_same(one: Columns, other: Columns) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def _replace(kept: Columns, new: Columns) -> tuple[Mask, Mask]:
    """By time alone: the rows to keep, the rows to take."""
    position = np.searchsorted(kept.time, new.time)
    inside = np.minimum(position, max(len(kept.time) - 1, 0))
    known = kept.time[inside] == new.time if len(kept.time) else np.zeros(len(new.time), bool)
    equal = known.copy()
    for a, b in zip(arrays(kept), arrays(new), strict=True):
        equal[known] &= a[inside[known]] == b[known]
    keep = np.ones(len(kept.time), bool)
    keep[inside[known & ~equal]] = False
    return keep, ~equal


def _unite(kept: Columns, new: Columns) -> tuple[Mask, Mask]:
    """As multisets: the rows to keep, the rows to take."""
    keep, take = np.ones(len(kept.time), bool), np.ones(len(new.time), bool)
    shared = np.intersect1d(kept.time, new.time)
    old_from, old_to, new_from, new_to = (
        np.searchsorted(columns.time, shared, side) for columns in (kept, new) for side in ("left", "right")
    )
    differs = _differs(kept, new, (old_from, old_to), (new_from, new_to))
    take[np.isin(new.time, shared[~differs])] = False
    for i in np.flatnonzero(differs):
        old_rows, new_rows = slice(old_from[i], old_to[i]), slice(new_from[i], new_to[i])
        _settle(_tuples(kept, old_rows), _tuples(new, new_rows), keep[old_rows], take[new_rows])
    return keep, take


def _differs(kept: Columns, new: Columns, old: tuple[Index, Index], fresh: tuple[Index, Index]) -> Mask:
    """Of each time that both have, given as its first row and the row past its last: do its rows differ?"""
    lengths = old[1] - old[0]
    differs: Mask = lengths != fresh[1] - fresh[0]
    alike = np.flatnonzero(~differs)
    lengths = lengths[alike]
    group = np.repeat(alike, lengths)
    within = np.arange(len(group)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    unequal = np.zeros(len(group), bool)
    for a, b in zip(arrays(kept), arrays(new), strict=True):
        unequal |= a[old[0][group] + within] != b[fresh[0][group] + within]
    differs[group[unequal]] = True
    return differs


def _tuples(columns: Columns, rows: slice) -> list[tuple[float, ...]]:
    return list(zip(*(array[rows].tolist() for array in arrays(columns)), strict=True))


def _settle(old: list[tuple[float, ...]], new: list[tuple[float, ...]], keep: Mask, take: Mask) -> None:
    """Decide one time's rows; `keep` and `take` are views into the whole masks."""
    have, want = Counter(old), Counter(new)
    if have <= want and have != want:
        keep[:] = False
        return
    missing = want - have
    for row in range(len(new) - 1, -1, -1):
        is_missing = missing[new[row]] > 0
        take[row] = is_missing
        missing[new[row]] -= is_missing
