"""Market data in CSV files with one row an event: BitMEX's public dumps and Tardis's files, plain or gzipped.

They are read block by block by Arrow's parser, so memory stays flat however long the file is.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from ticklink.storage.archive import Stream
from ticklink.storage.arrow import as_numpy, first_missing
from ticklink.storage.columns import Columns, Quotes, first_fault, gather, pick, shape_of
from ticklink.storage.importers.parts import Part, Reading, first_line
from ticklink.storage.importers.times import from_iso

BLOCK_BYTES = 4 << 20

SIDES: Mapping[str, int] = MappingProxyType({"Buy": 1, "Sell": -1, "buy": 1, "sell": -1, "unknown": 0, "": 0})
"""0: a trade that nobody took (an index, an auction); it is left out."""

TARDIS_SRCS: Mapping[str, str] = MappingProxyType({"coinbase": "coinbasepro", "woo-x": "woo"})
"""Exchanges that Tardis calls otherwise."""


class TableFormat(msgspec.Struct, frozen=True):
    """Which of a file's columns become which of ours."""

    name: str
    stream: str
    columns: Mapping[str, str]
    """Ours -> the file's, without `time`."""
    src: str | None = None
    """None: the column `exchange` says it."""

    @property
    def is_iso(self) -> bool:
        """BitMEX writes dates, Tardis microseconds since 1970."""
        return self.src is not None

    def fits(self, header: list[str]) -> bool:
        return {"timestamp", "symbol", *self.columns.values()} <= set(header) and ("exchange" in header) != self.is_iso


TRADE = {"price": "price", "side": "side"}
BITMEX_QUOTE = {"bid": "bidPrice", "bid_size": "bidSize", "ask": "askPrice", "ask_size": "askSize"}
TARDIS_QUOTE = {"bid": "bid_price", "bid_size": "bid_amount", "ask": "ask_price", "ask_size": "ask_amount"}
TARDIS_BOOK = {
    "bid": "bids[0].price",
    "bid_size": "bids[0].amount",
    "ask": "asks[0].price",
    "ask_size": "asks[0].amount",
}

FORMATS = (
    TableFormat("bitmex-quotes", "quotes", BITMEX_QUOTE, "bitmex"),
    TableFormat("bitmex-trades", "trades", TRADE | {"size": "size"}, "bitmex"),
    TableFormat("tardis-quotes", "quotes", TARDIS_QUOTE),
    TableFormat("tardis-book", "quotes", TARDIS_BOOK),
    TableFormat("tardis-trades", "trades", TRADE | {"size": "amount"}),
)


def read(reading: Reading, form: TableFormat) -> Iterator[Part]:
    """The parts of a file. Raises DataError with the row (the header is row 1) where it is damaged."""
    for batch in _batches(reading, form):
        yield from _parts(reading, form, batch)
        reading.rows += len(batch)


def _batches(reading: Reading, form: TableFormat, *, use_threads: bool = True) -> Iterator[Any]:
    try:
        with reading.open() as stream:
            yield from pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(use_threads=use_threads, block_size=BLOCK_BYTES),
                convert_options=_conversion(form),
            )
    except pa.ArrowException as error:
        if use_threads:
            raise _located(reading, form, str(error)) from None
        raise
    except OSError as error:
        raise reading.damage(f"breaks off or is damaged: {first_line(error)}", reading.rows + 2) from None


def _conversion(form: TableFormat) -> Any:
    text = pa.dictionary(pa.int32(), pa.string())
    types = {name: text if ours == "side" else pa.float64() for ours, name in form.columns.items()}
    types |= {"symbol": text, "timestamp": pa.string() if form.is_iso else pa.int64()}
    if form.src is None:
        types["exchange"] = text
    return pyarrow.csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
    )


def _located(reading: Reading, form: TableFormat, message: str) -> Exception:
    """The parser knows the row only when it works on one thread: read again up to the damage."""
    again = Reading(reading.path, reading.wanted)
    try:
        for _ in _batches(again, form, use_threads=False):
            pass
    except pa.ArrowException as error:
        message = first_line(error)
    found = re.search(r"Row #(\d+): ", message)
    row = int(found[1]) if found else reading.rows + 2
    return reading.damage(re.sub(r"Row #\d+: ", "", message), row)


def _parts(reading: Reading, form: TableFormat, batch: Any) -> Iterator[Part]:
    first_row = reading.rows + 2
    symbols = _codes(reading, batch, "symbol", first_row)
    rows = _taken(reading, batch, symbols)
    columns, complete = _columns(reading, form, batch, rows, first_row)
    srcs = np.zeros(len(batch), np.int32) if form.src else _codes(reading, batch, "exchange", first_row)
    names = [form.src or ""] if form.src else batch.column("exchange").dictionary.to_pylist()
    for src, symbol, some in _groups(srcs[rows][complete], symbols[rows][complete]):
        name = reading.wanted.src or TARDIS_SRCS.get(names[src], names[src])
        stream = Stream(name, batch.column("symbol").dictionary[symbol].as_py(), form.stream)
        yield Part(stream, pick(columns, some))


def _codes(reading: Reading, batch: Any, column: str, first_row: int) -> npt.NDArray[np.int32]:
    """A text column as codes into its dictionary."""
    coded = batch.column(column)
    if coded.null_count:
        row = first_missing(coded)
        raise reading.damage(f"{column} is missing", first_row + row)
    codes: npt.NDArray[np.int32] = as_numpy(coded.indices)
    return codes


def _taken(reading: Reading, batch: Any, symbols: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """The rows of the symbols that are wanted."""
    names = batch.column("symbol").dictionary.to_pylist()
    wanted = np.array([reading.wanted.takes(name) for name in names], bool)
    return np.flatnonzero(wanted[symbols]) if not wanted.all() else np.arange(len(symbols))


def _columns(
    reading: Reading, form: TableFormat, batch: Any, rows: npt.NDArray[np.intp], first_row: int
) -> tuple[Columns, npt.NDArray[np.bool_]]:
    """The rows as our columns without the incomplete ones, and which of `rows` are complete."""
    complete = _complete(reading, form, batch, rows, first_row)
    kept = rows[complete]
    values = {ours: _values(batch.column(name), kept) for ours, name in form.columns.items() if ours != "side"}
    values["time"] = _times(reading, form, batch, kept, first_row)
    if "side" in form.columns:
        values["side"] = _sides(reading, batch.column(form.columns["side"]), first_row)[kept]
    columns = gather(shape_of(form.stream), values.__getitem__)
    if (fault := first_fault(columns)) is not None:
        raise reading.damage(fault[1], first_row + int(kept[fault[0]]))
    if isinstance(columns, Quotes):
        reading.notes["quotes with the bid at or above the ask kept"] += int((columns.bid >= columns.ask).sum())
    return columns, complete


def _values(column: Any, rows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = as_numpy(column)
    return values if len(rows) == len(values) else values[rows]


def _complete(
    reading: Reading, form: TableFormat, batch: Any, rows: npt.NDArray[np.intp], first_row: int
) -> npt.NDArray[np.bool_]:
    """Quotes with one empty side and trades without a taker say nothing; any other gap is damage."""
    complete = np.ones(len(batch), bool)
    for ours, name in form.columns.items():
        column = batch.column(name)
        if ours == "side":
            complete &= _sides(reading, column, first_row) != 0
        elif column.null_count:
            complete &= ~as_numpy(column.is_null())
    found: npt.NDArray[np.bool_] = complete[rows]
    if form.stream == "quotes":
        reading.notes["quotes with an empty side left out"] += int(len(found) - found.sum())
    else:
        _expect_prices(reading, form, batch, rows, first_row)
        reading.notes["trades without a taker left out"] += int(len(found) - found.sum())
    return found


def _expect_prices(reading: Reading, form: TableFormat, batch: Any, rows: npt.NDArray[np.intp], first_row: int) -> None:
    for ours in ("price", "size"):
        column = batch.column(form.columns[ours])
        if column.null_count:
            missing = as_numpy(column.is_null())[rows]
            if missing.any():
                raise reading.damage(f"{ours} is missing", first_row + int(rows[missing.argmax()]))


def _sides(reading: Reading, column: Any, first_row: int) -> npt.NDArray[np.int8]:
    names = column.dictionary.to_pylist()
    sides = np.array([SIDES.get(name, 9) for name in names] + [0], np.int8)
    codes = as_numpy(column.indices.fill_null(len(names)) if column.null_count else column.indices)
    found: npt.NDArray[np.int8] = sides[codes]
    if (found == 9).any():
        row = int((found == 9).argmax())
        raise reading.damage(f"side is {names[codes[row]]!r}, neither Buy nor Sell", first_row + row)
    return found


def _times(
    reading: Reading, form: TableFormat, batch: Any, rows: npt.NDArray[np.intp], first_row: int
) -> npt.NDArray[np.int64]:
    column = batch.column("timestamp")
    if column.null_count:
        row = first_missing(column)
        raise reading.damage("timestamp is missing", first_row + row)
    if not form.is_iso:
        return _values(column, rows) * 1000
    ns, fault = from_iso(column)
    if fault is not None:
        raise reading.damage(f"timestamp is {column[fault].as_py()!r}", first_row + fault)
    return ns if len(rows) == len(ns) else ns[rows]


def _groups(
    srcs: npt.NDArray[np.int32], symbols: npt.NDArray[np.int32]
) -> Iterator[tuple[int, int, slice | npt.NDArray[np.intp]]]:
    """The rows of each exchange and symbol, in their order."""
    if not len(symbols):
        return
    if (symbols == symbols[0]).all() and (srcs == srcs[0]).all():
        yield int(srcs[0]), int(symbols[0]), slice(None)
        return
    keys = srcs.astype(np.int64) << 32 | symbols
    order = np.argsort(keys, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        yield int(srcs[rows[0]]), int(symbols[rows[0]]), rows
