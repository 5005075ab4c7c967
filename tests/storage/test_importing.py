"""Every import format, by value; what is told of damage; and that importing again changes nothing."""

import gzip
import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.venues.captures import capture
from ticklink.model.errors import InputError
from ticklink.storage import archive
from ticklink.storage.columns import Trades
from ticklink.storage.importers.importing import ImportReport, Progress, import_files
from ticklink.storage.importers.parts import Wanted
from ticklink.storage.importers.staging import Stage

Row = tuple[float, ...]

DAY = 1_704_067_200_000_000_000
"""2024-01-01 00:00 UTC"""

BITMEX_QUOTES = """timestamp,symbol,bidSize,bidPrice,askPrice,askSize
2024-01-01D00:00:00.123456000,XBTUSD,100,42000,42000.5,200
2024-01-01D00:00:01.000000000,XBTUSD,,,42000.5,200
2024-01-01D00:00:02.000000000,XBTUSD,300,42001,42001.5,400
2024-01-01D00:00:00.500000000,ETHUSD,1,2300.05,2300.1,2
"""
BITMEX_TRADES = """timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,trdType
2024-01-01D00:00:00.001000000,XBTUSD,Buy,100,42000.5,PlusTick,a,1,1,1,Regular
2024-01-01D00:00:00.001000000,XBTUSD,Buy,100,42000.5,ZeroPlusTick,b,1,1,1,Regular
2024-01-01D00:00:00.002000000,XBTUSD,Sell,300,42000,MinusTick,c,1,1,1,Regular
2024-01-01D00:00:00.003000000,.BXBT,,0,42000,MinusTick,,,,,Referential
"""
TARDIS_TRADES = """exchange,symbol,timestamp,local_timestamp,id,side,price,amount
bitmex,XBTUSD,1704067200000001,1704067200100000,x,sell,42000.5,7
coinbase,BTC-USD,1704067200000002,1704067200100000,y,buy,42001,0.5
coinbase,BTC-USD,1704067200000003,1704067200100000,z,unknown,42001,0.5
"""
TARDIS_QUOTES = """exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount
bitmex,XBTUSD,1704067200000001,1704067200100000,200,42000.5,42000,100
"""
TARDIS_BOOK = """exchange,symbol,timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price
bitmex,XBTUSD,1704067200000001,42000.5,200,42000,100,42001
"""
CANDLES = """Date,Open,High,Low,Close,Volume
2024-01-01 00:00:00,1,3,1,2,10
2024-01-01 00:01:00,2,3,1,2,11
2024-01-01 00:02:00,2,3,1,2,12
"""
CAPTURE = """wss://ws.bitmex.com/realtime <-> 1704067200.5
wss://ws.bitmex.com/realtime <- 1704067200.6: {"op":"subscribe","args":["quote:XBTUSD"]}
1704067200.7: {"table":"quote","action":"partial","filter":{"symbol":"XBTUSD"},\
"data":[{"timestamp":"2024-01-01T00:00:00.000Z","symbol":"XBTUSD","bidSize":1,"bidPrice":2,"askPrice":3,"askSize":4}]}

configuration: {}
"""
CANDLE_OF = Wanted(src="bitmex", sym="XBTUSD")


def run(root: Path, text: str | bytes, wanted: Wanted | None = None, name: str = "dump.csv") -> ImportReport:
    file = root / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_files([file], root / "data", wanted=wanted)


def rows(root: Path, stream: str, src: str = "bitmex", sym: str = "XBTUSD") -> list[Row]:
    chunks = archive.open_stream(root / "data", src, sym, stream)
    return [row for chunk in chunks for row in zip(*(column.tolist() for column in chunk), strict=True)]


def test_bitmex_quotes(tmp_path: Path) -> None:
    report = run(tmp_path, BITMEX_QUOTES)
    assert rows(tmp_path, "quotes") == [
        (DAY + 123_456_000, 42000, 100, 42000.5, 200),
        (DAY + 2_000_000_000, 42001, 300, 42001.5, 400),
    ]
    assert rows(tmp_path, "quotes", sym="ETHUSD") == [(DAY + 500_000_000, 2300.05, 1, 2300.1, 2)]
    (file,) = report.files
    assert (file.format, file.rows, file.notes) == ("bitmex-quotes", 4, ["1 quotes with an empty side left out"])
    assert report.added == 3


def test_crossed_quotes_are_kept_with_a_note(tmp_path: Path) -> None:
    report = run(tmp_path, BITMEX_QUOTES.replace("42001,42001.5", "42001.5,42001.5"))
    assert len(rows(tmp_path, "quotes")) == 2
    assert "1 quotes with the bid at or above the ask kept" in report.files[0].notes


def test_bitmex_trades_keep_equal_rows(tmp_path: Path) -> None:
    report = run(tmp_path, BITMEX_TRADES)
    trade: Row = (DAY + 1_000_000, 42000.5, 100, 1)
    assert rows(tmp_path, "trades") == [trade, trade, (DAY + 2_000_000, 42000, 300, -1)]
    assert report.files[0].notes == ["1 trades without a taker left out"]


def test_tardis_trades_name_their_exchange(tmp_path: Path) -> None:
    run(tmp_path, TARDIS_TRADES)
    assert rows(tmp_path, "trades") == [(DAY + 1000, 42000.5, 7, -1)]
    assert rows(tmp_path, "trades", "coinbasepro", "BTC-USD") == [(DAY + 2000, 42001, 0.5, 1)]


def test_recorded_tardis_trades(tmp_path: Path) -> None:
    import_files([capture("bitmex/tardis_bitmex_trades_XBTUSD.csv")], tmp_path / "data")
    first: Row = (1_583_020_803_145_000_000, 8531.5, 2152, -1)
    other: Row = (1_583_020_803_276_000_000, 8531.5, 1, -1)
    assert rows(tmp_path, "trades") == [first, *[other] * 9]


@pytest.mark.parametrize("text", [TARDIS_QUOTES, TARDIS_BOOK], ids=["quotes", "book"])
def test_tardis_quotes(tmp_path: Path, text: str) -> None:
    run(tmp_path, text)
    assert rows(tmp_path, "quotes") == [(DAY + 1000, 42000, 100, 42000.5, 200)]


@pytest.mark.parametrize(
    "text",
    [
        CANDLES,
        CANDLES.replace("Date,Open,High,Low,Close,Volume", "timestamp,o,h,l,c,vol"),
        CANDLES.replace(" 00:0", "T00:0").replace(":00,", ":00Z,"),
        CANDLES.replace(":00,", ":00+00:00,"),
        CANDLES.replace("2024-01-01 00:00:00", "1704067200")
        .replace("2024-01-01 00:01:00", "1704067260")
        .replace("2024-01-01 00:02:00", "1704067320"),
        "1704067200000,1,3,1,2,10,9\n1704067260000,2,3,1,2,11,9\n1704067320000,2,3,1,2,12,9\n",
    ],
    ids=["dates", "short names", "iso", "zone", "seconds", "no header"],
)
def test_candle_files(tmp_path: Path, text: str) -> None:
    run(tmp_path, text, CANDLE_OF)
    minute = 60_000_000_000
    wanted = [(DAY, 1, 3, 1, 2, 10), (DAY + minute, 2, 3, 1, 2, 11), (DAY + 2 * minute, 2, 3, 1, 2, 12)]
    assert rows(tmp_path, "candles/1m") == wanted


def test_candle_parquet_with_a_time_index(tmp_path: Path) -> None:
    times = pd.to_datetime([DAY, DAY + 3_600_000_000_000], utc=True)
    frame = pd.DataFrame(
        {"open": [1.0, 1], "high": [2.0, 2], "low": [1.0, 1], "close": [2.0, 2], "volume": [1, 2]}, times
    )
    frame.rename_axis("date").to_parquet(tmp_path / "c.parquet")
    import_files([tmp_path / "c.parquet"], tmp_path / "data", wanted=CANDLE_OF)
    assert [row[0] for row in rows(tmp_path, "candles/1h")] == [DAY, DAY + 3_600_000_000_000]


def test_candles_of_several_symbols(tmp_path: Path) -> None:
    text = "time,open,high,low,close,volume,symbol\n"
    text += "".join(f"{1704067200 + i},1,1,1,1,1,{sym}\n" for i in (0, 86400) for sym in ("A", "B"))
    run(tmp_path, text, Wanted(src="woo", symbols=frozenset({"B"})))
    assert archive.streams(tmp_path / "data") == [archive.Stream("woo", "B", "candles/1d")]


@pytest.mark.parametrize(
    ("wanted", "text", "reason"),
    [
        (Wanted(sym="X"), CANDLES, "add --src"),
        (Wanted(src="bitmex"), CANDLES, "add --sym"),
        (CANDLE_OF, CANDLES.partition("2024-01-01 00:01")[0], "add --level"),
        (CANDLE_OF, CANDLES.replace("00:0", "00:00:1").replace(":00,", ","), "level cannot be told|no time"),
        (Wanted(src="bitmex", sym="X", level="1h"), CANDLES, "row 3: .*|time is not the start of a 1h candle"),
        (CANDLE_OF, CANDLES.replace("2,3,1,2,11", "2,0.5,1,2,11"), "high is below low"),
    ],
)
def test_candles_that_cannot_be_placed(tmp_path: Path, wanted: Wanted, text: str, reason: str) -> None:
    report = run(tmp_path, text, wanted)
    assert not report.files
    assert report.failed[0].reason
    assert re.search(reason, report.failed[0].reason)


def test_captures_of_sessions(tmp_path: Path) -> None:
    names = ("bitmex/cryptofeed_BITMEX.ws.1.0.txt", "coinbasepro/cryptofeed_COINBASE.ws.28.0.txt")
    report = import_files([capture(name) for name in names], tmp_path / "data")
    totals = [
        {stream: sum(s.rows for s in file.streams if s.stream == stream) for stream in ("quotes", "trades")}
        for file in report.files
    ]
    assert totals == [{"quotes": 93, "trades": 17}, {"quotes": 1775, "trades": 97}]
    assert report.added == 93 + 17 + 1775 + 97
    assert rows(tmp_path, "trades")[0][1:] == (32180.5, 100, 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(BITMEX_QUOTES, None), (BITMEX_TRADES, None), (TARDIS_TRADES, None), (CANDLES, CANDLE_OF), (CAPTURE, None)],
    ids=["quotes", "trades", "tardis", "candles", "capture"],
)
def test_importing_again_leaves_every_file_untouched(tmp_path: Path, text: str, wanted: Wanted | None) -> None:
    assert run(tmp_path, text, wanted).added > 0
    before = {path: (path.stat().st_ino, archive.sha256(path)) for path in (tmp_path / "data").rglob("*.parquet")}
    zipped = run(tmp_path, gzip.compress(text.encode()), wanted, "dump.csv.gz")
    assert (zipped.added, zipped.failed) == (0, [])
    assert {path: (path.stat().st_ino, archive.sha256(path)) for path in before} == before
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        path.relative_to(tmp_path / "data").parts[0] for path in before
    }


def test_only_wanted_symbols_are_taken(tmp_path: Path) -> None:
    run(tmp_path, BITMEX_QUOTES, Wanted(symbols=frozenset({"ETHUSD"})))
    assert [stream.sym for stream in archive.streams(tmp_path / "data")] == ["ETHUSD"]


def test_rows_out_of_order_are_sorted_with_a_note(tmp_path: Path) -> None:
    head, first, *rest = BITMEX_TRADES.splitlines()
    report = run(tmp_path, "\n".join([head, *rest[1:], first, rest[0]]) + "\n")
    assert rows(tmp_path, "trades")[0][0] == DAY + 1_000_000
    assert "1 places where time went backwards; sorted" in report.files[0].notes


def test_rows_that_do_not_fit_in_memory_wait_on_disk(tmp_path: Path) -> None:
    stream = archive.Stream("bitmex", "XBTUSD", "trades")
    with Stage(tmp_path / "data", memory_bytes=100) as stage:
        for i in range(20):
            time = DAY + i % 2 * 86_400_000_000_000 + i
            stage.add(stream, Trades(np.array([time]), np.array([1.0]), np.array([i / 1]), np.array([1], np.int8)))
        assert list((tmp_path / "data").glob(".importing-*/*"))
        assert stage.commit()[stream] == archive.Written(20, 2)
    assert [row[2] for row in rows(tmp_path, "trades")] == [*range(0, 20, 2), *range(1, 20, 2)]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["bitmex"]


def test_many_blocks_count_their_rows_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticklink.storage.importers.tables.BLOCK_BYTES", 256)
    lines = [f"2024-01-01D00:00:{i % 50:02}.000000000,XBTUSD,{i},1,2,3\n" for i in range(100)]
    head = BITMEX_QUOTES.partition("\n")[0] + "\n"
    assert run(tmp_path, head + "".join(lines)).added == 100
    for bad, reason in (("x,1,2,3", "invalid value 'x'"), ("-9,1,2,3", "bid_size is negative")):
        (failed,) = run(tmp_path, head + "".join(lines).replace("77,1,2,3", bad)).failed
        assert (failed.row, reason in failed.reason) == (79, True)


@pytest.mark.parametrize(
    ("old", "new", "row", "reason"),
    [
        ("300,42001,", "300,x,", 4, "invalid value 'x'"),
        ("300,42001,", "300,nan,", 4, "bid is not a finite number"),
        ("300,42001,", "-300,42001,", 4, "bid_size is negative"),
        ("300,42001,", "300,0,", 4, "bid is not positive"),
        (",400\n", ",400,9\n", 4, "Expected 6 columns, got 7"),
        ("D00:00:02.0", "D00:61:02.0", 4, "timestamp is '2024-01-01D00:61"),
        ("2024-01-01D00:00:02", "2024-02-31D00:00:02", 4, "timestamp is '2024-02-31"),
        ("2024-01-01D00:00:02.000000000", "", 4, "timestamp is missing"),
        ("000000000,XBTUSD,300", "000000000,,300", 4, "symbol is missing"),
    ],
)
def test_a_damaged_row_is_told_and_nothing_of_the_file_is_kept(
    tmp_path: Path, old: str, new: str, row: int, reason: str
) -> None:
    report = run(tmp_path, BITMEX_QUOTES.replace(old, new))
    assert reason in report.failed[0].reason
    assert report.failed[0].row == row
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        (BITMEX_TRADES.replace(",Sell,", ",Sideways,"), 4, "side is 'Sideways'"),
        (BITMEX_TRADES.replace(",300,42000,", ",300,,"), 4, "price is missing"),
        ("timestamp,symbol,bidSize\n1,2,3\n", None, "is of no known format"),
        (b"\x00\x01\x02", None, "is of no known format"),
        ("", None, "is empty"),
        (CAPTURE.replace('{"table"', '{"table'), 3, "BitMEX sent what we cannot read"),
        (CAPTURE.replace("configuration", "what"), 5, "neither a frame received nor one sent"),
        (CAPTURE.replace("ws.bitmex.com", "ws.kraken.com"), None, "add --src"),
        (b"PAR1 and no more", None, "is damaged and cannot be read"),
    ],
)
def test_other_damage(tmp_path: Path, text: str | bytes, row: int | None, reason: str) -> None:
    report = run(tmp_path, text)
    assert (report.files, report.failed[0].row) == ([], row)
    assert reason in report.failed[0].reason


def test_a_truncated_gzip_is_told(tmp_path: Path) -> None:
    whole = gzip.compress((BITMEX_QUOTES + BITMEX_QUOTES.partition("\n")[2] * 500).encode())
    for length in (len(whole) - 3, len(whole) // 2, 12, 2):
        report = run(tmp_path, whole[:length], name=f"{length}.gz")
        assert "breaks off or is damaged" in report.failed[0].reason
        assert not list(tmp_path.rglob("*.parquet"))


def test_a_damaged_file_does_not_keep_the_others_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, text in (("a.csv", BITMEX_QUOTES), ("b.csv", "nonsense"), ("c.csv", BITMEX_TRADES)):
        (tmp_path / "in" / name).write_text(text)
    report = import_files([tmp_path / "in"], tmp_path / "data")
    assert [Path(file.file).name for file in report.files] == ["a.csv", "c.csv"]
    assert [Path(file.file).name for file in report.failed] == ["b.csv"]


def test_a_capture_cut_off_in_its_last_line_keeps_the_rest(tmp_path: Path) -> None:
    report = run(tmp_path, CAPTURE + '1704067201.5: {"table":"quo')
    assert report.files[0].notes == ["1 a last line cut off in the middle left out"]
    assert len(rows(tmp_path, "quotes")) == 1


def test_an_interrupt_while_reading_leaves_the_archive_as_it_was(tmp_path: Path) -> None:
    def interrupt(_progress: Progress) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.csv").write_text(BITMEX_QUOTES)
    with pytest.raises(KeyboardInterrupt):
        import_files([tmp_path / "a.csv"], tmp_path / "data", on_progress=interrupt)
    assert not list(tmp_path.rglob("*.parquet"))


def test_damage_in_the_archive_is_told_by_its_own_file(tmp_path: Path) -> None:
    run(tmp_path, BITMEX_QUOTES)
    path = tmp_path / "data/bitmex/XBTUSD/quotes/2024-01-01.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    report = run(tmp_path, BITMEX_QUOTES)
    assert str(path) in report.failed[0].reason


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[Progress] = []
    (tmp_path / "a.csv").write_text(BITMEX_QUOTES)
    import_files([tmp_path / "a.csv"], tmp_path / "data", on_progress=told.append)
    assert (told[-1].bytes_total, told[-1].bytes_done) == (len(BITMEX_QUOTES), len(BITMEX_QUOTES))


@pytest.mark.parametrize(
    ("format", "level", "path", "reason"),
    [
        ("zip", None, "a.csv", "no format is called"),
        (None, "7m", "a.csv", "unknown candle level"),
        (None, None, "b", "no file"),
    ],
)
def test_wrong_requests_are_refused_at_once(
    tmp_path: Path, format: str | None, level: str | None, path: str, reason: str
) -> None:
    (tmp_path / "a.csv").write_text(CANDLES)
    with pytest.raises(InputError, match=reason):
        import_files([tmp_path / path], tmp_path / "data", format=format, wanted=Wanted(level=level))


def test_reports_are_plain_json(tmp_path: Path) -> None:
    report = run(tmp_path, BITMEX_QUOTES)
    assert json.loads(msgspec.json.encode(report))["files"][0]["format"] == "bitmex-quotes"
    assert pq.read_metadata(archive.files(tmp_path / "data", "bitmex", "XBTUSD", "quotes")[0]).num_rows == 2
