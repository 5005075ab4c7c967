"""What `ticklink import` prints."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ticklink.storage.importers.importing import ImportReport


def summary(report: ImportReport) -> RenderableType:
    """The report for a terminal: what each file gave, what was noted, what failed."""
    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for name in ("File", "Format", "Market", "Stream"):
        shown.add_column(name, overflow="fold")
    for name in ("Rows", "New"):
        shown.add_column(name, justify="right", no_wrap=True)
    for file in report.files:
        for each in file.streams:
            name, market = Path(file.file).name, f"{each.src}:{each.sym}"
            shown.add_row(name, file.format, market, each.stream, f"{each.rows:,}", f"{each.added:,}")
    lines = [Text(f"{file.file}: {note}", "yellow") for file in report.files for note in file.notes]
    for failed in report.failed:
        place = failed.file if failed.row is None else f"{failed.file}, row {failed.row}"
        lines.append(Text(f"not imported: {place}: {failed.reason}", "bold red"))
    lines.append(
        Text(f"{report.added:,} new rows from {len(report.files):,} files; {len(report.failed):,} not imported")
    )
    return Group(*([shown] if report.files else []), *lines)
