"""Candles in CSV (plain or gzipped) and Parquet files, whatever their columns are called."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq

from ticklink.model.candles import LEVELS_MS, offset_ms
from ticklink.model.errors import InputError
from ticklink.storage.archive import Stream
from ticklink.storage.arrow import as_numpy, first_missing
from ticklink.storage.columns import Candles, Int64, first_fault, gather, pick
from ticklink.storage.importers.parts import Part, Reading, first_line
from ticklink.storage.importers.times import from_epoch, from_iso

NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "time": (
            *(
                "time",
                "timestamp",
                "date",
                "datetime",
                "open_time",
                "opentime",
                "start",
                "starttimestamp",
                "ts",
                "unix",
            ),
            *("t", "bucket", "__index_level_0__", "unnamed:_0", ""),
        ),
        "open": ("open", "o", "open_price"),
        "high": ("high", "h", "high_price"),
        "low": ("low", "l", "low_price"),
        "close": ("close", "c", "close_price"),
        "volume": ("volume", "vol", "v", "base_volume", "volume_base"),
    }
)
"""What files call each column, in lower case with _ for a space; the first one present counts."""

SYMBOL_NAMES = ("symbol", "sym", "ticker", "product_id")
HEADERLESS = ("time", "open", "high", "low", "close", "volume")
"""A file whose first line is all numbers has these columns first (as Binance's public files do)."""

LEVELS_BY_NS = {length * 1_000_000: level for level, length in LEVELS_MS.items()}


def is_headerless(header: list[str]) -> bool:
    return len(header) >= len(HEADERLESS) and all(_is_number(cell) for cell in header)


def fits(header: list[str]) -> bool:
    return is_headerless(header) or None not in _choose(header).values()


def read_csv(reading: Reading) -> Iterator[Part]:
    header = _header(reading.head())
    names = [str(i) for i in range(len(header))] if is_headerless(header) else None
    options = pyarrow.csv.ReadOptions(column_names=names, use_threads=False)
    texts = {name: pa.string() for name in (_choose(header)["time"], *SYMBOL_NAMES) if name is not None and not names}
    conversion = pyarrow.csv.ConvertOptions(column_types=texts, null_values=[""])
    try:
        with reading.open() as stream:
            table = pyarrow.csv.read_csv(stream, read_options=options, convert_options=conversion)
    except (pa.ArrowException, OSError) as error:
        raise reading.damage(first_line(error)) from None
    return _parts(reading, table.rename_columns([*HEADERLESS, *names[6:]] if names else header), 1 if names else 2)


def read_parquet(reading: Reading) -> Iterator[Part]:
    try:
        table = pq.read_table(reading.path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise reading.damage(f"is damaged and cannot be read: {first_line(error)}") from None
    return _parts(reading, table, 1)


def _header(head: bytes) -> list[str]:
    return [cell.strip().strip('"') for cell in head.partition(b"\n")[0].decode("utf-8", "replace").split(",")]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("-", "", 1).isdecimal()


def _choose(names: list[str]) -> dict[str, str | None]:
    """Ours -> the file's name of the column, or None."""
    known = {name.strip().lower().replace(" ", "_"): name for name in reversed(names)}
    return {ours: next((known[name] for name in theirs if name in known), None) for ours, theirs in NAMES.items()}


def _parts(reading: Reading, table: Any, first_row: int) -> Iterator[Part]:
    chosen = _choose(table.column_names)
    if missing := [ours for ours, theirs in chosen.items() if theirs is None]:
        raise reading.damage(f"has no column for {', '.join(missing)}; it has {', '.join(table.column_names)}")
    reading.rows = table.num_rows
    if not table.num_rows:
        return
    columns = gather(Candles, lambda ours: _column(reading, table, ours, str(chosen[ours]), first_row))
    _check(reading, columns, first_row)
    for symbol, rows in _symbols(reading, table):
        yield _part(reading, symbol, pick(columns, rows), rows, first_row)


def _part(reading: Reading, symbol: str, columns: Candles, rows: npt.NDArray[np.intp], first_row: int) -> Part:
    wanted = reading.wanted
    if wanted.src is None:
        raise InputError(f"{reading.path}: candles do not say their exchange; add --src")
    level = wanted.level or _level_of(reading, columns.time)
    length, offset = LEVELS_MS[level] * 1_000_000, offset_ms(level) * 1_000_000
    off_grid = (columns.time - offset) % length != 0
    if off_grid.any():
        row = first_row + int(rows[off_grid.argmax()])
        raise reading.damage(f"time is not the start of a {level} candle", row)
    return Part(Stream(wanted.src, symbol, f"candles/{level}"), columns)


def _level_of(reading: Reading, time: Int64) -> str:
    """The most frequent distance between candles, which has to be a level."""
    steps, counts = np.unique(np.abs(np.diff(time)), return_counts=True)
    likely = int(steps[counts.argmax()]) if len(steps) else 0
    if likely not in LEVELS_BY_NS:
        told = f"its rows lie {likely / 1e9:g} s apart" if len(steps) else "it has one row"
        raise InputError(f"{reading.path}: the candle level cannot be told, {told}; add --level")
    return LEVELS_BY_NS[likely]


def _symbols(reading: Reading, table: Any) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    column = next((name for name in table.column_names if name.lower() in SYMBOL_NAMES), None)
    if reading.wanted.sym is not None or column is None:
        if reading.wanted.sym is None:
            raise InputError(f"{reading.path}: candles do not say their symbol; add --sym")
        yield reading.wanted.sym, np.arange(table.num_rows)
        return
    names = np.array([str(name) for name in table.column(column).to_pylist()])
    for name in np.unique(names).tolist():
        if reading.wanted.takes(name):
            yield name, np.flatnonzero(names == name)


def _column(reading: Reading, table: Any, ours: str, theirs: str, first_row: int) -> npt.NDArray[Any]:
    column = table.column(theirs).combine_chunks()
    if column.null_count:
        row = first_missing(column)
        raise reading.damage(f"{theirs} is missing", first_row + row)
    if ours == "time":
        return _time(reading, column, theirs, first_row)
    try:
        values: npt.NDArray[np.float64] = as_numpy(column.cast(pa.float64(), safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise reading.damage(f"{theirs} is not a number: {first_line(error)}") from None
    return values


def _time(reading: Reading, column: Any, name: str, first_row: int) -> Int64:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        try:
            return np.asarray(as_numpy(column.cast(pa.timestamp("ns")).cast(pa.int64())), np.int64)
        except pa.ArrowInvalid as error:
            raise reading.damage(f"{name} is out of range: {first_line(error)}") from None
    if pa.types.is_string(column.type) and _is_number(column[0].as_py()):
        column = _numbers(reading, column, name)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _epoch(reading, column, name, first_row)
    if not pa.types.is_string(column.type):
        raise reading.damage(f"{name} is {column.type}, which is no time")
    zoned = pa.compute.replace_substring_regex(column, r"(\+00:?00|Z)$", "")
    ns, fault = from_iso(zoned)
    if fault is not None:
        raise reading.damage(f"{name} is {column[fault].as_py()!r}, which is no time", first_row + fault)
    return ns


def _numbers(reading: Reading, column: Any, name: str) -> Any:
    try:
        is_whole = not pa.compute.any(pa.compute.match_substring(column, ".")).as_py()
        return column.cast(pa.int64() if is_whole else pa.float64())
    except pa.ArrowInvalid as error:
        raise reading.damage(f"{name} is no time: {first_line(error)}") from None


def _epoch(reading: Reading, column: Any, name: str, first_row: int) -> Int64:
    values = as_numpy(column)
    bad = ~np.isfinite(values) | (np.abs(values) > 9e18) | (values < 0)
    if bad.any():
        raise reading.damage(
            f"{name} is {column[int(bad.argmax())].as_py()}, which is no time", first_row + int(bad.argmax())
        )
    whole = np.asarray(values, np.int64)
    if (whole != values).any():  # seconds with a fraction
        whole = np.asarray(np.round(values * 1000), np.int64)
    ns = from_epoch(whole)
    if (ns // np.maximum(whole, 1) > 10**9).any() or (ns < 0).any():
        raise reading.damage(f"{name} is out of range")
    return ns


def _check(reading: Reading, columns: Candles, first_row: int) -> None:
    """BitMEX's open may lie outside [low, high] (it is the close before), so only high and low are held together."""
    fault = first_fault(columns)
    crossed = columns.high < columns.low
    if fault is None and crossed.any():
        fault = (int(crossed.argmax()), "high is below low")
    if fault is not None:
        raise reading.damage(fault[1], first_row + fault[0])
