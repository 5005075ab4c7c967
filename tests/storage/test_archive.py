"""The archive keeps what it is given, once, in time order, and tells damage from data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ticklink.model.errors import DataError, InputError
from ticklink.storage import archive
from ticklink.storage.archive import Stream
from ticklink.storage.columns import Candles, Columns, Quotes, Trades, gather, join

DAY = 86_400_000_000_000
NOON = 1_704_110_400_000_000_000
"""2024-01-01 12:00 UTC"""


def quotes(*times: int, bid: float = 100.0) -> Quotes:
    values: dict[str, Any] = {
        "time": times,
        "bid": [bid] * len(times),
        "bid_size": 1,
        "ask": [bid + 1] * len(times),
        "ask_size": 2,
    }
    return gather(Quotes, lambda name: np.broadcast_to(values[name], len(times)))


def trades(*rows: tuple[int, float, float, int]) -> Trades:
    columns = dict(zip(Trades._fields, zip(*rows, strict=True), strict=True))
    return gather(Trades, lambda name: columns[name])


def candles(*times: int, volume: float = 5.0) -> Candles:
    values: dict[str, Any] = {"time": times, "open": 1, "high": 2, "low": 1, "close": 2, "volume": volume}
    return gather(Candles, lambda name: np.broadcast_to(values[name], len(times)))


def rows(chunks: Iterator[Columns]) -> list[tuple[float, ...]]:
    return [row for chunk in chunks for row in zip(*(column.tolist() for column in chunk), strict=True)]


def read(
    root: Path, stream: str = "trades", start: int | None = None, end: int | None = None
) -> list[tuple[float, ...]]:
    return rows(archive.open_stream(root, "bitmex", "XBTUSD", stream, start, end))


def test_files_lie_by_source_symbol_stream_and_utc_day(tmp_path: Path) -> None:
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON, NOON + DAY))
    archive.write_candles(tmp_path, "bitmex", "XBTUSD", "1m", candles(NOON))
    archive.write_candles(tmp_path, "bitmex", "XBTUSD", "1d", candles(NOON - NOON % DAY))
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet"))
    assert found == [
        "bitmex/XBTUSD/candles/1d/2024.parquet",
        "bitmex/XBTUSD/candles/1m/2024-01-01.parquet",
        "bitmex/XBTUSD/quotes/2024-01-01.parquet",
        "bitmex/XBTUSD/quotes/2024-01-02.parquet",
    ]


def test_columns_have_the_published_names_and_types(tmp_path: Path) -> None:
    archive.write_trades(tmp_path, "bitmex", "XBTUSD", trades((NOON, 1.5, 2.0, -1)))
    path = tmp_path / "bitmex/XBTUSD/trades/2024-01-01.parquet"
    schema = pq.read_schema(path)
    assert dict(zip(schema.names, map(str, schema.types), strict=True)) == {
        "time": "int64",
        "price": "double",
        "size": "double",
        "side": "int8",
    }
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", ".BXBT", "..", "a b%2F", "ä~", "CON", "XBT_USDT", "BTC-USD"])
def test_any_symbol_has_a_folder_and_comes_back(tmp_path: Path, symbol: str) -> None:
    archive.write_quotes(tmp_path, "bitmex", symbol, quotes(NOON))
    assert archive.streams(tmp_path) == [Stream("bitmex", symbol, "quotes")]
    (folder,) = (tmp_path / "bitmex").iterdir()
    assert not folder.name.startswith(".")


def test_rows_come_back_in_time_order(tmp_path: Path) -> None:
    archive.write_trades(tmp_path, "bitmex", "XBTUSD", trades((NOON + 2, 3, 1, 1), (NOON, 1, 1, 1), (NOON, 2, 1, -1)))
    assert read(tmp_path) == [(NOON, 1, 1, 1), (NOON, 2, 1, -1), (NOON + 2, 3, 1, 1)]


def test_a_range_includes_its_start_and_not_its_end(tmp_path: Path) -> None:
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON, NOON + 1, NOON + DAY, NOON + 2 * DAY))
    assert [row[0] for row in read(tmp_path, "quotes", NOON + 1, NOON + 2 * DAY)] == [NOON + 1, NOON + DAY]


def test_an_absent_stream_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    assert archive.streams(tmp_path) == []


def test_an_unknown_stream_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="candles/<level>"):
        archive.open_stream(tmp_path, "bitmex", "XBTUSD", "candles/7m")


@pytest.mark.parametrize("chunk_rows", [700, 131_072, 10**6])
def test_chunks_hold_no_more_than_asked_and_ranges_skip_whole_row_groups(tmp_path: Path, chunk_rows: int) -> None:
    count = 300_000
    time = NOON + np.arange(count, dtype=np.int64)
    whole = gather(Quotes, lambda name: time if name == "time" else np.ones(count))
    archive.write_quotes(tmp_path, "bitmex", "ETHUSD", whole)
    start, end = NOON + 140_000, NOON + 140_000 + min(chunk_rows * 2, 150_000)
    chunks = list(archive.open_stream(tmp_path, "bitmex", "ETHUSD", "quotes", start, end, chunk_rows=chunk_rows))
    assert max(len(chunk.time) for chunk in chunks) <= chunk_rows
    assert np.array_equal(join(chunks).time, np.arange(start, end))


def test_writing_again_leaves_the_file_untouched(tmp_path: Path) -> None:
    given = trades((NOON, 1, 1, 1), (NOON, 1, 1, 1), (NOON + 1, 2, 1, -1))
    assert archive.write_trades(tmp_path, "bitmex", "XBTUSD", given) == archive.Written(3, 1)
    (path,) = archive.files(tmp_path, "bitmex", "XBTUSD", "trades")
    before = path.stat().st_ino, path.stat().st_mtime_ns, archive.sha256(path)
    assert archive.write_trades(tmp_path, "bitmex", "XBTUSD", given) == archive.Written()
    assert (path.stat().st_ino, path.stat().st_mtime_ns, archive.sha256(path)) == before


def test_equal_trades_of_one_import_are_all_kept(tmp_path: Path) -> None:
    archive.write_trades(tmp_path, "bitmex", "XBTUSD", trades((NOON, 1, 1, 1)))
    archive.write_trades(tmp_path, "bitmex", "XBTUSD", trades((NOON, 1, 1, 1), (NOON, 1, 1, 1)))
    assert len(read(tmp_path)) == 2


def test_a_later_candle_replaces_an_earlier_one_of_the_same_bucket(tmp_path: Path) -> None:
    archive.write_candles(tmp_path, "bitmex", "XBTUSD", "1m", candles(NOON, NOON + 60 * 10**9, volume=1))
    archive.write_candles(tmp_path, "bitmex", "XBTUSD", "1m", candles(NOON, volume=2))
    assert [row[5] for row in read(tmp_path, "candles/1m")] == [2, 1]


def test_rows_that_are_no_market_data_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    bad = trades((NOON, 1, 1, 1), (NOON, float("nan"), 1, 1))
    with pytest.raises(InputError, match="row 1: price is not a finite number"):
        archive.write_trades(tmp_path, "bitmex", "XBTUSD", bad)
    assert not list(tmp_path.rglob("*.parquet"))


def test_the_leftovers_of_a_killed_writer_are_ignored_and_cleared(tmp_path: Path) -> None:
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON))
    folder = archive.folder(tmp_path, "bitmex", "XBTUSD", "quotes")
    (folder / ".2024-01-02.parquet.tmp").write_bytes(b"PAR1 half")
    assert len(read(tmp_path, "quotes")) == 1
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON + 1))
    assert [path.name for path in folder.iterdir()] == ["2024-01-01.parquet"]


def test_a_failed_write_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON))
    (path,) = archive.files(tmp_path, "bitmex", "XBTUSD", "quotes")
    before = path.read_bytes()

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(NOON + 1))
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def damaged(tmp_path: Path, change: str) -> Path:
    archive.write_quotes(tmp_path, "bitmex", "XBTUSD", quotes(*range(NOON, NOON + 5000), bid=100.5))
    (path,) = archive.files(tmp_path, "bitmex", "XBTUSD", "quotes")
    whole = path.read_bytes()
    if change == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif change == "empty":
        path.write_bytes(b"")
    elif change == "text":
        path.write_text("time,bid\n1,2\n")
    elif change == "flipped":
        path.write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    elif change == "footer":
        path.write_bytes(whole[:-100] + bytes(92) + whole[-8:])
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("cut", "its end is missing"),
        ("empty", "not a Parquet file"),
        ("text", "not a Parquet file"),
        ("flipped", "is damaged"),
        ("footer", "is damaged"),
    ],
)
def test_a_damaged_file_is_told_by_name_and_reason(tmp_path: Path, change: str, reason: str) -> None:
    path = damaged(tmp_path, change)
    with pytest.raises(DataError, match=reason) as caught:
        read(tmp_path, "quotes")
    assert caught.value.file == str(path)
    assert "Traceback" not in str(caught.value)


def handmade(tmp_path: Path, name: str = "2024-01-01", **columns: Any) -> None:
    folder = archive.folder(tmp_path, "bitmex", "XBTUSD", "trades")
    folder.mkdir(parents=True)
    given = {"time": [NOON, NOON + 1], "price": [1.0, 1.0], "size": [1.0, 1.0], "side": pa.array([1, 1], "int8")}
    pq.write_table(pa.table({k: v for k, v in (given | columns).items() if v is not None}), folder / f"{name}.parquet")


@pytest.mark.parametrize(
    ("columns", "reason", "row"),
    [
        ({"time": [NOON + 1, NOON]}, "time goes backwards", 2),
        ({"time": [NOON, NOON + DAY]}, "time is outside the file's date", 2),
        ({"price": [1.0, float("nan")]}, "price is not a finite number", 2),
        ({"price": [None, 1.0]}, "price is missing", 1),
        ({"size": [1.0, -1.0]}, "size is negative", 2),
        ({"side": pa.array([1, 0], "int8")}, "side is neither", 2),
        ({"side": None}, "has no column 'side'", None),
        ({"price": [1, 2]}, "column 'price' is int64, not double", None),
    ],
)
def test_values_that_cannot_be_are_told_with_their_row(
    tmp_path: Path, columns: dict[str, Any], reason: str, row: int | None
) -> None:
    handmade(tmp_path, **columns)
    with pytest.raises(DataError, match=reason) as caught:
        read(tmp_path)
    assert caught.value.row == row


def test_files_that_cover_the_same_time_are_told(tmp_path: Path) -> None:
    handmade(tmp_path)
    folder = archive.folder(tmp_path, "bitmex", "XBTUSD", "trades")
    (folder / "2024.parquet").write_bytes((folder / "2024-01-01.parquet").read_bytes())
    with pytest.raises(DataError, match="covers the same time as 2024"):
        read(tmp_path)


def test_a_file_without_a_date_for_a_name_is_told(tmp_path: Path) -> None:
    handmade(tmp_path, name="2024-13-01")
    with pytest.raises(DataError, match="not named for a date"):
        read(tmp_path)
