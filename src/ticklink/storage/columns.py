"""What the archive keeps: quotes, trades and candles as columns of equal length, ordered by time."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from ticklink.model.candles import LEVELS_MS
from ticklink.model.errors import InputError

Int64 = npt.NDArray[np.int64]
Int8 = npt.NDArray[np.int8]
Float64 = npt.NDArray[np.float64]


class Quotes(NamedTuple):
    """Best bid and ask. `time` is the venue's clock in ns since 1970 UTC."""

    time: Int64
    bid: Float64
    bid_size: Float64
    ask: Float64
    ask_size: Float64


class Trades(NamedTuple):
    """`side` is the taker's: 1 bought, -1 sold."""

    time: Int64
    price: Float64
    size: Float64
    side: Int8


class Candles(NamedTuple):
    """`time` is the start of the bucket."""

    time: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64


Columns = Quotes | Trades | Candles
AnyColumns = TypeVar("AnyColumns", bound=Columns)

DTYPES: dict[str, type[np.generic]] = {"time": np.int64, "side": np.int8}
"""Every other column is float64."""


def shape_of(stream: str) -> type[Quotes] | type[Trades] | type[Candles]:
    """The columns of a stream named "quotes", "trades" or "candles/<level>"; InputError for any other name."""
    if stream == "quotes":
        return Quotes
    if stream == "trades":
        return Trades
    if stream.startswith("candles/") and stream.removeprefix("candles/") in LEVELS_MS:
        return Candles
    levels = ", ".join(LEVELS_MS)
    raise InputError(f"no stream is called {stream!r}; use quotes, trades or candles/<level> with a level of {levels}")


def dtype_of(column: str) -> np.dtype[np.generic]:
    return np.dtype(DTYPES.get(column, np.float64))


def arrays(columns: Columns) -> tuple[npt.NDArray[Any], ...]:
    """The columns without their names."""
    return tuple(columns)


def gather(shape: type[AnyColumns], column: Callable[[str], npt.ArrayLike]) -> AnyColumns:
    """Columns of `shape`, each as its dtype, from a function that gives a column by its name."""
    return _build(shape, (np.asarray(column(name), dtype_of(name)) for name in shape._fields))


def pick(columns: AnyColumns, rows: slice | npt.NDArray[np.generic]) -> AnyColumns:
    """Some of the rows: a slice, a mask or positions."""
    return _build(type(columns), (array[rows] for array in arrays(columns)))


def join(parts: list[AnyColumns]) -> AnyColumns:
    """All rows of one or more parts, in the order of the parts."""
    if len(parts) == 1:
        return parts[0]
    return _build(type(parts[0]), (np.concatenate(same) for same in zip(*map(arrays, parts), strict=True)))


def is_sorted(time: Int64) -> bool:
    return bool(np.all(time[1:] >= time[:-1]))


def by_time(columns: AnyColumns) -> AnyColumns:
    """The rows ordered by time; rows of one time keep their order."""
    if is_sorted(columns.time):
        return columns
    return pick(columns, np.argsort(columns.time, kind="stable"))


def first_fault(columns: Columns) -> tuple[int, str] | None:
    """The first row that cannot be market data and what is wrong with it, or None."""
    faults = [_first(bad, reason) for bad, reason in _checks(columns)]
    found = [fault for fault in faults if fault is not None]
    return min(found) if found else None


def _build(shape: type[AnyColumns], columns: Iterable[npt.NDArray[Any]]) -> AnyColumns:
    make: Callable[..., AnyColumns] = shape
    return make(*columns)


def _first(bad: npt.NDArray[np.bool_], reason: str) -> tuple[int, str] | None:
    row = int(bad.argmax()) if bad.size else 0
    return (row, reason) if bad.size and bad[row] else None


def _checks(columns: Columns) -> list[tuple[npt.NDArray[np.bool_], str]]:
    checks: list[tuple[npt.NDArray[np.bool_], str]] = [(columns.time < 0, "time is before 1970")]
    for name, values in zip(columns._fields, arrays(columns), strict=True):
        if name == "side":
            checks.append((np.abs(values) != 1, "side is neither 1 (taker bought) nor -1 (taker sold)"))
        elif name != "time":
            checks.append((~np.isfinite(values), f"{name} is not a finite number"))
            is_amount = name in ("bid_size", "ask_size", "size", "volume")
            checks.append(
                (values < 0, f"{name} is negative") if is_amount else (values <= 0, f"{name} is not positive")
            )
    return checks
