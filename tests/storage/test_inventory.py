"""What `ticklink data` tells: ranges, missing days, holes and damage."""

from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from ticklink.storage import archive, inventory
from ticklink.storage.columns import Candles, Quotes, gather
from ticklink.storage.importers.importing import FailedFile, ImportedFile, ImportedStream, ImportReport
from ticklink.storage.importers.summary import summary
from ticklink.storage.inventory import Hole

DAY = 1_704_067_200_000_000_000
MINUTE = 60_000_000_000
LONG = 24 * 60 * MINUTE


def write(root: Path, *minutes: int) -> None:
    time = DAY + np.array(minutes, np.int64) * MINUTE
    archive.write_quotes(
        root, "bitmex", "XBTUSD", gather(Quotes, lambda name: time if name == "time" else np.ones(len(time)))
    )


def described(root: Path) -> inventory.StreamSummary:
    (summary,) = inventory.describe(root)
    return summary


def test_ranges_and_rows(tmp_path: Path) -> None:
    write(tmp_path, 0, 5, 10, 1445)
    found = described(tmp_path)
    assert (found.src, found.sym, found.stream, found.rows, found.files) == ("bitmex", "XBTUSD", "quotes", 4, 2)
    assert (found.first, found.last) == (DAY, DAY + 1445 * MINUTE)
    assert found.bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))


def test_silences_within_and_across_days_are_holes(tmp_path: Path) -> None:
    write(tmp_path, 0, 5, 30, *range(35, 1430, 5), 1450)
    assert described(tmp_path).holes == [
        Hole(DAY + 5 * MINUTE, DAY + 30 * MINUTE),
        Hole(DAY + 1425 * MINUTE, DAY + 1450 * MINUTE),
    ]


def test_whole_days_without_a_row_are_missing_days(tmp_path: Path) -> None:
    write(tmp_path, 1439, 1440 * 3)
    found = described(tmp_path)
    assert (found.missing_days, found.holes) == (["2024-01-02", "2024-01-03"], [])


def test_a_missing_candle_is_a_hole(tmp_path: Path) -> None:
    time = DAY + np.array([0, 1, 3]) * 7 * LONG
    candles = gather(Candles, lambda name: time if name == "time" else np.ones(3))
    archive.write_candles(tmp_path, "woo", "A", "1w", candles)
    assert described(tmp_path).holes == [Hole(DAY + 7 * LONG, DAY + 21 * LONG)]


def test_damage_is_named_and_the_rest_described(tmp_path: Path) -> None:
    write(tmp_path, 0, 1440, 2880)
    second = sorted(tmp_path.rglob("*.parquet"))[1]
    second.write_bytes(second.read_bytes()[:-10])
    found = described(tmp_path)
    assert found.rows == 2
    (damaged,) = found.damaged
    assert (damaged.file, damaged.row) == (str(second), None)
    assert "its end is missing" in damaged.reason


def test_a_stray_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, 0)
    (path,) = tmp_path.rglob("*.parquet")
    path.with_name("2024.parquet").write_bytes(path.read_bytes())
    assert "covers the same time" in described(tmp_path).damaged[0].reason


def test_an_empty_or_absent_archive_has_no_streams(tmp_path: Path) -> None:
    assert inventory.describe(tmp_path) == inventory.describe(tmp_path / "none") == []


def printed(renderable: object) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(renderable)
        return console.export_text()


def test_the_table_names_ranges_gaps_and_damage(tmp_path: Path) -> None:
    write(tmp_path, 0, 30, 1440 * 2)
    text = printed(inventory.table(inventory.describe(tmp_path)))
    for wanted in ("XBTUSD", "2024-01-01 00:00", "2024-01-03 00:00", "1 day missing: 2024-01-02", "for 30 min"):
        assert wanted in text
    assert b'"missing_days":["2024-01-02"]' in msgspec.json.encode(inventory.describe(tmp_path))


def test_the_import_summary_names_what_came_and_what_failed() -> None:
    stream = ImportedStream("bitmex", "XBTUSD", "quotes", 1000, 900, 1)
    report = ImportReport(
        [ImportedFile("a.csv", "bitmex-quotes", 1000, [stream], ["3 odd rows"])], [FailedFile("b.csv", 7, "x")]
    )
    text = printed(summary(report))
    for wanted in (
        "a.csv",
        "1,000",
        "900",
        "a.csv: 3 odd rows",
        "not imported: b.csv, row 7: x",
        "900 new rows from 1 files",
    ):
        assert wanted in text
