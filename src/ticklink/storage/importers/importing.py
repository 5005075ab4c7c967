"""`ticklink import`: each file told by its content, read, checked, and merged into the archive as a whole.

A damaged file adds nothing, is named in the report with row and reason, and does not keep the others from being
imported.
What the archive held before stays in every case.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import msgspec

from ticklink.model.candles import level_ms
from ticklink.model.errors import DataError, InputError
from ticklink.storage.archive import Stream, Written
from ticklink.storage.importers import candles, capture, tables
from ticklink.storage.importers.parts import Importer, Reading, Wanted
from ticklink.storage.importers.staging import Stage
from ticklink.storage.parquet import MAGIC

FORMATS: Mapping[str, Importer] = MappingProxyType(
    {form.name: partial(tables.read, form=form) for form in tables.FORMATS}
    | {"candles-csv": candles.read_csv, "candles-parquet": candles.read_parquet, "capture": capture.read}
)
"""Every format by the name that --format takes."""


class Progress(msgspec.Struct, frozen=True):
    """How far an import is. Bytes are those on disk, of all files together."""

    file: str
    rows: int
    bytes_done: int
    bytes_total: int


class ImportedStream(msgspec.Struct, frozen=True):
    """What one file gave to one stream. `added` rows were new to the archive."""

    src: str
    sym: str
    stream: str
    rows: int
    added: int
    files_changed: int


class ImportedFile(msgspec.Struct, frozen=True):
    file: str
    format: str
    rows: int
    """Data rows (lines of a capture) read."""
    streams: list[ImportedStream]
    notes: list[str]


class FailedFile(msgspec.Struct, frozen=True):
    """A file that was not imported, and why. `row` counts lines from 1 in text files, rows from 1 in Parquet files."""

    file: str
    row: int | None
    reason: str


class ImportReport(msgspec.Struct, frozen=True):
    files: list[ImportedFile]
    failed: list[FailedFile]

    @property
    def added(self) -> int:
        return sum(stream.added for file in self.files for stream in file.streams)


def import_files(
    paths: Iterable[Path],
    root: Path,
    *,
    wanted: Wanted | None = None,
    format: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import files, and the files in folders, into the archive at `root`.

    Raises InputError before anything is imported where a path, the format or the level does not exist. An interrupt leaves
    whole files only, and repeating the import completes it.
    """
    wanted = wanted or Wanted()
    if format is not None and format not in FORMATS:
        raise InputError(f"no format is called {format!r}; use one of {', '.join(FORMATS)}")
    if wanted.level is not None:
        level_ms(wanted.level)
    found = _files(paths)
    total = sum(path.stat().st_size for path in found)
    done = 0
    report = ImportReport([], [])
    for path in found:
        tell = _teller(on_progress, path, done, total)
        try:
            report.files.append(_import_file(path, root, wanted, format, tell))
        except InputError as error:
            report.failed.append(_failure(error, path))
        done += path.stat().st_size
    return report


def detect(reading: Reading) -> str:
    """The format of a file by its content. Raises InputError where it is none that we know."""
    head = reading.head()
    if not head.strip():
        raise reading.damage("is empty")
    if head.startswith(MAGIC):
        return "candles-parquet"
    first = head.lstrip(b"\xef\xbb\xbf").partition(b"\n")[0].rstrip(b"\r")
    if capture.fits(first):
        return "capture"
    header = [cell.strip().strip('"') for cell in first.decode("utf-8", "replace").split(",")]
    for form in tables.FORMATS:
        if form.fits(header):
            return form.name
    if candles.fits(header):
        return "candles-csv"
    shown = first[:80].decode("utf-8", "replace")
    raise reading.damage(f"is of no known format ({', '.join(FORMATS)}); it begins with {shown!r}")


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(inner for inner in path.rglob("*") if inner.is_file() and not inner.name.startswith("."))
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"there is no file or folder {path}")
    if not found:
        raise InputError("there is nothing to import: no files were named, or the folders are empty")
    return found


def _teller(
    on_progress: Callable[[Progress], None] | None, path: Path, done: int, total: int
) -> Callable[[Reading], None]:
    def tell(reading: Reading) -> None:
        if on_progress is not None:
            on_progress(Progress(str(path), reading.rows, done + reading.position(), total))

    return tell


def _import_file(
    path: Path, root: Path, wanted: Wanted, format: str | None, tell: Callable[[Reading], None]
) -> ImportedFile:
    reading = Reading(path, wanted)
    name = format or detect(reading)
    rows: dict[Stream, int] = {}
    with Stage(root) as stage:
        for part in FORMATS[name](reading):
            stage.add(part.stream, part.columns)
            rows[part.stream] = rows.get(part.stream, 0) + len(part.columns.time)
            tell(reading)
        if stage.unordered:
            reading.notes["places where time went backwards; sorted"] += stage.unordered
        written = stage.commit()
    if not rows and not reading.wanted.symbols:
        raise reading.damage(
            "holds no quotes, trades or candles; if it is a venue's list of instruments, import it with --instruments --src"
        )
    streams = [_stream(stream, rows[stream], written.get(stream, Written())) for stream in sorted(rows)]
    return ImportedFile(str(path), name, reading.rows, streams, list(_notes(reading)))


def _stream(stream: Stream, rows: int, written: Written) -> ImportedStream:
    return ImportedStream(*stream, rows=rows, added=written.rows, files_changed=written.files)


def _notes(reading: Reading) -> Iterator[str]:
    for note, count in reading.notes.items():
        if count:
            yield f"{count:,} {note}"


def _failure(error: InputError, path: Path) -> FailedFile:
    """Of damage in the file itself, the reason without the place; of any other, the whole message."""
    row = error.row if isinstance(error, DataError) and error.file == str(path) else None
    place = str(path) if row is None else f"{path}, row {row}"
    return FailedFile(str(path), row, str(error).removeprefix(f"{place}: "))
