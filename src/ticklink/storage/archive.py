"""The market data archive: Parquet files by exchange, symbol and stream, written whole and read in time order.

    <root>/<src>/<sym>/quotes/<YYYY-MM-DD>.parquet
                       trades/<YYYY-MM-DD>.parquet
                       candles/<level>/<YYYY-MM-DD>.parquet, and <YYYY>.parquet for levels from 1h up

Times are UTC. A file is replaced as a whole (temporary file, fsync, rename), so a reader never sees half of one, and
only when its rows change. Characters of a symbol that do not suit a path are percent-encoded: `BTC/USDT` is
`BTC%2FUSDT`.
docs/data.md has the columns and the rules by which repeated imports merge.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec
import numpy as np

from ticklink.model.candles import LEVELS_MS
from ticklink.model.errors import DataError, InputError
from ticklink.storage import parquet
from ticklink.storage.columns import (
    AnyColumns,
    Candles,
    Columns,
    Quotes,
    Trades,
    by_time,
    first_fault,
    gather,
    join,
    pick,
    shape_of,
)
from ticklink.storage.merging import merge
from ticklink.storage.parquet import CHUNK_ROWS, Span

HOUR_MS = 3_600_000
DAY_NS = 86_400_000_000_000
FILE_NAME = re.compile(r"(\d{4})(-\d{2}-\d{2})?\.parquet")


class Stream(NamedTuple):
    """One stream of the archive; `stream` is "quotes", "trades" or "candles/<level>"."""

    src: str
    sym: str
    stream: str


class Written(msgspec.Struct, frozen=True):
    """What a write did: rows the archive did not have before, and files that changed."""

    rows: int = 0
    files: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.rows + other.rows, self.files + other.files)


def streams(root: Path) -> list[Stream]:
    """Every stream of the archive, ordered."""
    found = (path.relative_to(root) for depth in ("*/*/*", "*/*/candles/*") for path in root.glob(f"{depth}/*.parquet"))
    names = {path.parts[:-1] for path in found}
    return sorted(Stream(unquote(src), unquote(sym), "/".join(rest)) for src, sym, *rest in names if _is_stream(rest))


def folder(root: Path, src: str, sym: str, stream: str) -> Path:
    """Where a stream's files lie."""
    shape_of(stream)
    return root / escape(src) / escape(sym) / stream


def files(
    root: Path, src: str, sym: str, stream: str, start_ns: int | None = None, end_ns: int | None = None
) -> list[Path]:
    """The files that can hold rows of start <= time < end, in time order; DataError where two cover the same time."""
    directory = folder(root, src, sym, stream)
    names = directory.iterdir() if directory.is_dir() else ()
    found = sorted((*file_span(path), path) for path in names if FILE_NAME.fullmatch(path.name))
    for (_, end, path), (start, _, later) in pairwise(found):
        if start < end:
            raise DataError(f"covers the same time as {path.name}; remove one of the two", file=str(later))
    return [p for start, end, p in found if (end_ns is None or start < end_ns) and (start_ns is None or end > start_ns)]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_stream(
    root: Path,
    src: str,
    sym: str,
    stream: str,
    start_ns: int | None = None,
    end_ns: int | None = None,
    *,
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[Columns]:
    """The rows of start <= time < end in chunks of columns, none empty. A stream that the archive lacks has no rows.

    Holds one chunk at a time. Raises DataError with file, row and reason where a file is damaged.
    """
    shape = shape_of(stream)
    return _chunks(files(root, src, sym, stream, start_ns, end_ns), shape, start_ns, end_ns, chunk_rows)


def read_quotes(
    root: Path, src: str, sym: str, start_ns: int | None = None, end_ns: int | None = None
) -> Iterator[Quotes]:
    return _chunks(files(root, src, sym, "quotes", start_ns, end_ns), Quotes, start_ns, end_ns, CHUNK_ROWS)


def read_trades(
    root: Path, src: str, sym: str, start_ns: int | None = None, end_ns: int | None = None
) -> Iterator[Trades]:
    return _chunks(files(root, src, sym, "trades", start_ns, end_ns), Trades, start_ns, end_ns, CHUNK_ROWS)


def read_candles(
    root: Path, src: str, sym: str, level: str, start_ns: int | None = None, end_ns: int | None = None
) -> Iterator[Candles]:
    paths = files(root, src, sym, f"candles/{level}", start_ns, end_ns)
    return _chunks(paths, Candles, start_ns, end_ns, CHUNK_ROWS)


def write_quotes(root: Path, src: str, sym: str, quotes: Quotes) -> Written:
    """Add quotes, in any order of time; rows that are there already are not added again."""
    return write(root, Stream(src, sym, "quotes"), quotes)


def write_trades(root: Path, src: str, sym: str, trades: Trades) -> Written:
    """Add trades, in any order of time; rows that are there already are not added again."""
    return write(root, Stream(src, sym, "trades"), trades)


def write_candles(root: Path, src: str, sym: str, level: str, candles: Candles) -> Written:
    """Add candles; one that is there already is replaced, and of several of one bucket the last counts."""
    return write(root, Stream(src, sym, f"candles/{level}"), candles)


def write(root: Path, stream: Stream, columns: Columns) -> Written:
    """Add rows to the files they belong to. Each file is replaced whole or left as it is.

    Raises InputError where a row is not market data, DataError where a file to be merged with is damaged.
    """
    columns = by_time(gather(shape_of(stream.stream), lambda name: getattr(columns, name)))
    if isinstance(columns, Candles):
        columns = pick(columns, np.append(columns.time[1:] != columns.time[:-1], True)[: len(columns.time)])
    if (fault := first_fault(columns)) is not None:
        raise InputError(f"{stream.sym} {stream.stream}, row {fault[0]}: {fault[1]}")
    directory = folder(root, *stream)
    directory.mkdir(parents=True, exist_ok=True)
    written = Written()
    with _locked(directory) as descriptor:
        for name, part in by_file(columns, stream.stream):
            written += _write_file(directory / name, part)
            os.fsync(descriptor)
    return written


def escape(name: str) -> str:
    """A symbol as one part of a path; `urllib.parse.unquote` gives it back."""
    if not name:
        raise InputError("a symbol or exchange id must not be empty")
    escaped = quote(name, safe="-_").replace(".", "%2E") if name.startswith(".") else quote(name, safe="-_.")
    return escaped.replace("~", "%7E")


def by_file(columns: AnyColumns, stream: str) -> Iterator[tuple[str, AnyColumns]]:
    """Rows split into those of each file of a stream, with its name; rows of one file keep their order."""
    level = stream.partition("/")[2]
    unit = "Y" if level and LEVELS_MS[level] >= HOUR_MS else "D"
    dates = (columns.time // DAY_NS).astype("datetime64[D]").astype(f"datetime64[{unit}]")
    if len(dates) and (dates == dates[0]).all():
        yield f"{dates[0]}.parquet", columns
        return
    for date in np.unique(dates):
        yield f"{date}.parquet", pick(columns, dates == date)


def _is_stream(parts: list[str]) -> bool:
    return parts in (["quotes"], ["trades"]) or (len(parts) == 2 and parts[0] == "candles" and parts[1] in LEVELS_MS)


def file_span(path: Path) -> Span:
    """The times a file may hold, by its name."""
    year, _, day = path.stem.partition("-")
    try:
        start = np.datetime64(path.stem, "D") if day else np.datetime64(f"{year}-01-01", "D")
        end = start + 1 if day else np.datetime64(f"{int(year) + 1:04}-01-01", "D")
    except ValueError:
        raise DataError("is not named for a date", file=str(path)) from None
    return Span(_ns(start), _ns(end))


def _ns(date: "np.datetime64") -> int:
    return int(date.astype("datetime64[D]").astype(np.int64)) * DAY_NS


def _chunks(
    paths: list[Path], shape: type[AnyColumns], start_ns: int | None, end_ns: int | None, chunk_rows: int
) -> Iterator[AnyColumns]:
    for path in paths:
        span = file_span(path)
        wanted = Span(max(span.start, start_ns or 0), span.end if end_ns is None else min(span.end, end_ns))
        for columns in parquet.read(path, shape, span, wanted=wanted, chunk_rows=chunk_rows):
            part = columns if wanted == span else pick(columns, slice(*np.searchsorted(columns.time, wanted)))
            if len(part.time):
                yield part


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """Alone in a stream's folder: two imports at once would each lose what the other merges."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for abandoned in directory.glob(".*.tmp"):
            abandoned.unlink()
        yield descriptor
    finally:
        os.close(descriptor)


def _write_file(path: Path, new: AnyColumns) -> Written:
    if not path.exists():
        parquet.replace(path, new)
        return Written(len(new.time), 1)
    span = file_span(path)
    kept = join([pick(new, slice(0)), *parquet.read(path, type(new), span, wanted=span)])
    merged = merge(kept, new)
    if merged is kept:
        return Written()
    parquet.replace(path, merged)
    return Written(len(merged.time) - len(kept.time), 1)
