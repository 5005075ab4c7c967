"""`ticklink data`: what an archive holds, where it has holes, and which of its files are damaged."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ticklink.model.candles import level_ms
from ticklink.model.errors import DataError
from ticklink.storage import archive, parquet
from ticklink.storage.archive import DAY_NS, Stream
from ticklink.storage.columns import Int64, shape_of

MINUTE_NS = 60_000_000_000
HOLE_NS = {"quotes": 10 * MINUTE_NS, "trades": 60 * MINUTE_NS}
"""A longer silence than this is a hole; of candles, a missing candle is."""

SHOWN = 3
"""How many holes a table row names."""


class Hole(msgspec.Struct, frozen=True):
    """Nothing between two rows of one stream; ns."""

    start: int
    end: int


class DamagedFile(msgspec.Struct, frozen=True):
    file: str
    row: int | None
    reason: str


class StreamSummary(msgspec.Struct, frozen=True):
    """One stream of the archive. `first` and `last` are ns since 1970, None where no row is readable."""

    src: str
    sym: str
    stream: str
    rows: int
    files: int
    bytes: int
    first: int | None
    last: int | None
    missing_days: list[str]
    """Days from the first to the last without a single row."""
    holes: list[Hole]
    """Silences of less than a day."""
    damaged: list[DamagedFile]


def describe(
    root: Path, *, src: str | None = None, sym: str | None = None, hole_ns: int | None = None
) -> list[StreamSummary]:
    """Every stream, or those of an exchange or symbol. Reads every row, so damage anywhere in a file is found."""
    wanted = (s for s in archive.streams(root) if src in (None, s.src) and sym in (None, s.sym))
    return [_summary(root, stream, hole_ns or _hole_ns(stream.stream)) for stream in wanted]


def table(summaries: list[StreamSummary]) -> RenderableType:
    """The summaries for a terminal: a row a stream, and under them what is missing or damaged."""
    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for name in ("Market", "Stream", "From (UTC)", "To (UTC)"):
        shown.add_column(name, no_wrap=True)
    for name in ("Rows", "Size"):
        shown.add_column(name, justify="right", no_wrap=True)
    for each in summaries:
        size = f"{each.bytes / 1e6:,.1f}MB" if each.bytes >= 1e6 else f"{each.bytes / 1e3:,.0f}kB"
        market = f"{each.src}:{each.sym}"
        shown.add_row(market, each.stream, _minute(each.first), _minute(each.last), f"{each.rows:,}", size)
    remarks = [_remarks(each) for each in summaries if each.damaged or each.missing_days or each.holes]
    return Group(shown, *(remarks or [Text("no gaps, no damage", "green")]))


def _summary(root: Path, stream: Stream, hole_ns: int) -> StreamSummary:
    damaged: list[DamagedFile] = []
    paths = _paths(root, stream, damaged)
    edges: list[tuple[int, int]] = []
    holes: list[Hole] = []
    rows = 0
    for path in paths:
        try:
            for time in _times(path, stream):
                holes += _holes(time, hole_ns)
                edges.append((int(time[0]), int(time[-1])))
                rows += len(time)
        except DataError as error:
            damaged.append(_damaged(error))
    holes += [Hole(last, first) for (_, last), (first, _) in pairwise(edges) if hole_ns < first - last]
    return StreamSummary(
        *stream,
        rows=rows,
        files=len(paths),
        bytes=sum(path.stat().st_size for path in paths),
        first=edges[0][0] if edges else None,
        last=edges[-1][1] if edges else None,
        missing_days=[day for hole in holes for day in _days_within(hole)] if hole_ns < DAY_NS else [],
        holes=sorted(
            (hole for hole in holes if not _days_within(hole) or hole_ns >= DAY_NS), key=lambda hole: hole.start
        ),
        damaged=damaged,
    )


def _paths(root: Path, stream: Stream, damaged: list[DamagedFile]) -> list[Path]:
    try:
        return archive.files(root, *stream)
    except DataError as error:  # two files for one time, or a name that is no date
        damaged.append(_damaged(error))
        return []


def _times(path: Path, stream: Stream) -> Iterator[Int64]:
    span = archive.file_span(path)
    for columns in parquet.read(path, shape_of(stream.stream), span, wanted=span):
        yield columns.time


def _holes(time: Int64, hole_ns: int) -> list[Hole]:
    before = np.flatnonzero(np.diff(time) > hole_ns)
    return [Hole(int(time[row]), int(time[row + 1])) for row in before]


def _hole_ns(stream: str) -> int:
    level = stream.partition("/")[2]
    return level_ms(level) * 1_000_000 if level else HOLE_NS[stream]


def _days_within(hole: Hole) -> list[str]:
    """The whole UTC days inside a hole."""
    first, last = -(-hole.start // DAY_NS), hole.end // DAY_NS
    if hole.start % DAY_NS == 0:
        first += 1
    return [str(np.datetime64(day, "D")) for day in range(first, last)]


def _damaged(error: DataError) -> DamagedFile:
    place = error.file if error.row is None else f"{error.file}, row {error.row}"
    return DamagedFile(error.file, error.row, str(error).removeprefix(f"{place}: "))


def _when(ns: int | None) -> str:
    return "-" if ns is None else f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}"


def _minute(ns: int | None) -> str:
    return _when(ns).rpartition(":")[0] or "-"


def _remarks(each: StreamSummary) -> Text:
    text = Text.assemble((f"{each.src}:{each.sym} {each.stream}\n", "bold"))
    for damage in each.damaged:
        place = Path(damage.file).name + (f", row {damage.row}" if damage.row else "")
        text.append(f"  {place} {damage.reason}\n", "bold red")
    if each.missing_days:
        text.append(f"  {_counted(each.missing_days, 'day')} missing: {_some(each.missing_days)}\n", "yellow")
    if each.holes:
        spans = [f"{_when(hole.start)} for {(hole.end - hole.start) / MINUTE_NS:,.0f} min" for hole in each.holes]
        text.append(f"  {_counted(each.holes, 'hole')}: {_some(spans)}\n", "yellow")
    text.rstrip()
    return text


def _counted(things: list[str] | list[Hole], name: str) -> str:
    return f"{len(things):,} {name}{'s' if len(things) != 1 else ''}"


def _some(things: list[str]) -> str:
    return ", ".join(things[:SHOWN]) + (", ..." if len(things) > SHOWN else "")
