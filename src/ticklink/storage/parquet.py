"""One Parquet file of the archive: read in checked chunks, replaced as a whole. Rows in errors count from 1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ticklink.model.errors import DataError
from ticklink.storage.arrow import as_arrow, as_numpy, first_missing
from ticklink.storage.columns import AnyColumns, Columns, arrays, dtype_of, first_fault, gather, is_sorted

CHUNK_ROWS = 131_072
"""Rows of a row group, and of a chunk that the reader yields."""

MAGIC = b"PAR1"


class Span(NamedTuple):
    """The times start <= time < end, in ns."""

    start: int
    end: int


def read(
    path: Path, shape: type[AnyColumns], span: Span, *, wanted: Span, chunk_rows: int = CHUNK_ROWS
) -> Iterator[AnyColumns]:
    """The chunks of a file that may hold wanted times.

    Raises DataError where bytes are damaged, a column is missing or mistyped, a value is no market data, or a time
    is out of order or outside `span`, the time that the file's name promises.
    """
    file = _open(path, shape)
    groups, row = _groups(file, wanted)
    batches = file.iter_batches(batch_size=chunk_rows, row_groups=groups, columns=list(shape._fields))
    previous = span.start
    while (batch := _next(batches, path, row)) is not None:
        columns = _columns(batch, shape, path, row)
        if (fault := _fault(columns, span, previous)) is not None:
            raise DataError(fault[1], file=str(path), row=row + fault[0] + 1)
        if len(columns.time):
            row, previous = row + len(columns.time), int(columns.time[-1])
            yield columns


def replace(path: Path, columns: Columns) -> None:
    """Write a file so that it is there either as it was or whole, whatever happens."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            _write(file, columns)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def row_count(path: Path) -> int:
    """How many rows a file's footer promises."""
    with damage_told(path):
        return int(pq.read_metadata(path).num_rows)


@contextmanager
def damage_told(path: Path, row: int | None = None) -> Iterator[None]:
    """Whatever the Parquet library makes of damaged bytes becomes a DataError."""
    try:
        yield
    except FileNotFoundError:
        raise DataError("is missing", file=str(path)) from None
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"is damaged and cannot be read: {reason}", file=str(path), row=row) from None


def _open(path: Path, shape: type[AnyColumns]) -> Any:
    with damage_told(path):
        _expect_whole(path)
        file = pq.ParquetFile(path, page_checksum_verification=True)
        schema = file.schema_arrow
    for name in shape._fields:
        want = pa.from_numpy_dtype(dtype_of(name))
        if schema.get_field_index(name) < 0:
            raise DataError(f"has no column {name!r}, or has it twice", file=str(path))
        if schema.field(name).type != want:
            raise DataError(f"column {name!r} is {schema.field(name).type}, not {want}", file=str(path))
    return file


def _expect_whole(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(4)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 4, 0))
        tail = file.read()
    if head != MAGIC:
        raise DataError("is not a Parquet file", file=str(path))
    if size < 12 or tail != MAGIC:
        raise DataError("is cut off: its end is missing (half written or half copied)", file=str(path))


def _groups(file: Any, wanted: Span) -> tuple[list[int], int]:
    """The row groups that may hold wanted times, and how many rows lie before them."""
    metadata = file.metadata
    column = file.schema_arrow.get_field_index("time")
    chosen: list[int] = []
    skipped = 0
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        is_known = statistics is not None and statistics.has_min_max
        if is_known and statistics.max < wanted.start and not chosen:
            skipped += metadata.row_group(group).num_rows
        elif not is_known or statistics.min < wanted.end:
            chosen.append(group)
    return chosen, skipped


def _next(batches: Iterator[Any], path: Path, row: int) -> Any:
    with damage_told(path, row + 1):
        return next(batches, None)


def _columns(batch: Any, shape: type[AnyColumns], path: Path, row: int) -> AnyColumns:
    for name in shape._fields:
        if batch.column(name).null_count:
            at = first_missing(batch.column(name))
            raise DataError(f"{name} is missing", file=str(path), row=row + at + 1)
    return gather(shape, lambda name: as_numpy(batch.column(name)))


def _fault(columns: Columns, span: Span, previous: int) -> tuple[int, str] | None:
    time = columns.time
    if not len(time):
        return None
    if time.min() < span.start or time.max() >= span.end:
        return int(((time < span.start) | (time >= span.end)).argmax()), "time is outside the file's date"
    if time[0] < previous or not is_sorted(time):
        return (0 if time[0] < previous else int((time[1:] < time[:-1]).argmax()) + 1), "time goes backwards"
    return first_fault(columns)


def _write(file: object, columns: Columns) -> None:
    pq.write_table(
        pa.Table.from_arrays([as_arrow(column) for column in arrays(columns)], names=list(columns._fields)),
        file,
        compression="zstd",
        row_group_size=CHUNK_ROWS,
        # time in deltas, the rest through dictionaries: half the bytes and half the time of the defaults
        use_dictionary=[name for name in columns._fields if name != "time"],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
    )


def time_span(path: Path) -> Span | None:
    """The first and the last time in a file, from its footer; None where it has no rows."""
    with damage_told(path):
        metadata = pq.read_metadata(path)
        statistics = [metadata.row_group(group).column(0).statistics for group in range(metadata.num_row_groups)]
    times = [(int(each.min), int(each.max)) for each in statistics if each is not None and each.has_min_max]
    return Span(min(low for low, _ in times), max(high for _, high in times)) if times else None
