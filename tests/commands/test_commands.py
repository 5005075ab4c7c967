"""The command line from outside: what each command prints, writes and exits with."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from ticklink.cli import COMMANDS, main

QUOTES = """timestamp,symbol,bidSize,bidPrice,askPrice,askSize
2026-01-05D00:00:01.000000000,XBTUSD,100,64000.0,64000.1,200
2026-01-05D00:00:02.500000000,XBTUSD,300,64000.0,64000.2,200
2026-01-05D00:00:03.000000000,ETHUSD,300,3000.0,3000.05,200
"""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def in_child(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ticklink", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def decoded(result: Result) -> Any:
    return msgspec.json.decode(result.stdout)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "20260105.csv.gz"
    path.write_bytes(gzip.compress(QUOTES.encode()))
    return path


def test_the_help_names_every_command_and_each_has_one_of_its_own() -> None:
    listed = call("--help").output
    for name, summary in COMMANDS.items():
        assert name in listed
        assert summary in " ".join(listed.split())
        assert call(name, "--help").exit_code == 0


def test_an_unknown_command_is_a_usage_error() -> None:
    result = call("trade")
    assert result.exit_code == 2
    assert "No such command 'trade'" in result.output


def test_new_writes_a_bot_that_check_accepts(tmp_path: Path) -> None:
    assert "ticklink check" in call("new", "first", "--folder", tmp_path).output
    checked = decoded(call("check", tmp_path / "first.py", "--json"))
    assert checked["ok"] is True
    assert checked["bot_class"] == "Trading"
    assert "quote_update" in checked["callbacks"]


def test_check_says_why_a_file_cannot_be_loaded_and_exits_with_1(tmp_path: Path) -> None:
    bot = tmp_path / "broken.py"
    bot.write_text("class Trading(Link)\n    pass\n")
    result = call("check", bot)
    assert result.exit_code == 1
    assert "broken.py:1" in result.output


def test_import_fills_an_archive_that_data_lists(dump: Path, tmp_path: Path) -> None:
    root = tmp_path / "archive"
    report = decoded(call("import", dump, "--data", root, "--json"))
    assert [file["rows"] for file in report["files"]] == [3]
    streams = decoded(call("data", root, "--json"))["streams"]
    assert {(each["src"], each["sym"], each["stream"], each["rows"]) for each in streams} == {
        ("bitmex", "XBTUSD", "quotes", 2),
        ("bitmex", "ETHUSD", "quotes", 1),
    }
    assert "XBTUSD" in call("data", "list", "--data", root).output


def test_importing_again_adds_nothing(dump: Path, tmp_path: Path) -> None:
    root = tmp_path / "archive"
    call("import", dump, "--data", root)
    file = next((root / "bitmex" / "XBTUSD" / "quotes").glob("*.parquet"))
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert "0 new rows" in call("import", dump, "--data", root).output
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_a_damaged_file_is_named_with_its_row_and_the_exit_code_is_1(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(QUOTES.replace("64000.2", "a lot"))
    result = call("import", bad, "--data", tmp_path / "archive")
    assert result.exit_code == 1
    assert "bad.csv" in result.output
    assert "row 3" in result.output


def test_an_instruments_file_makes_a_symbol_known(tmp_path: Path) -> None:
    rows = [{"sym": "X-Y", "kind": "spot", "base": "X", "quote": "Y", "settle": "Y", "tick": "0.01", "lot": "0.1"}]
    file = tmp_path / "instruments.json"
    file.write_bytes(msgspec.json.encode(rows))
    root = tmp_path / "archive"
    result = call("import", "--instruments", file, "--src", "other", "--data", root, "--json")
    assert decoded(result) == {"src": "other", "symbols": ["X-Y"]}
    synth = call("data", "synth", "--market", "other:X-Y", "--hours", "0.01", "--price", "50", "--out", root)
    assert synth.exit_code == 0
    assert synth.output.startswith("other:X-Y: ")


def test_synthetic_data_is_the_same_for_a_seed(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        call("data", "synth", "--market", "bitmex:XBTUSD", "--hours", "0.05", "--seed", seed, "--out", tmp_path / name)
    a, b, c = (
        next((tmp_path / name / "bitmex" / "XBTUSD" / "trades").glob("*.parquet")).read_bytes() for name in "abc"
    )
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["data", "nowhere"], "there is no archive at nowhere"),
        (["data", "synth", "--market", "bitmex", "--out", "x"], "--market takes SRC:SYM"),
        (["data", "synth", "--market", "bitmex:NOPE", "--out", "x"], "NOPE"),
        (["new", "my"], "my"),
        (["import", "missing.csv"], "missing.csv"),
        (["import", "--instruments", "x.json"], "--src"),
        (["backtest", "bot.py", "--market", "bitmex:XBTUSD"], "--venue NAME=SRC"),
        (["backtest", "bot.py", "--venue", "BitMEX=bitmex", "--latency", "20"], "20ms"),
        (["backtest", "bot.py", "--venue", "A=b", "--market", "c:d"], "no --market"),
        (["backtest", "bot.py", "--venue", "A=b", "--venue", "A=c"], "two venues have the same name"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_without_a_traceback(arguments: list[str], told: str, tmp_path: Path) -> None:
    done = in_child(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("first", ["1735689600", "2025-01-01T00:00:00Z"])
def test_a_candle_file_becomes_an_archive_that_can_be_backtested(first: str, tmp_path: Path) -> None:
    """In a process of its own, which has imported nothing that the command does not."""
    second = "1735689660" if first.isdigit() else "2025-01-01T00:01:00Z"
    rows = [f"{first},64000,64100,63900,64050,5000", f"{second},64050,64060,64000,64010,7000"]
    (tmp_path / "candles.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    (tmp_path / "bot.py").write_text("from ticklink import Link\n\n\nclass Trading(Link):\n    pass\n")
    done = in_child("import", "candles.csv", "--market", "bitmex:XBTUSD", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    market = ("--venue", "BitMEX=bitmex", "--market", "bitmex:XBTUSD")
    done = in_child("backtest", "bot.py", *market, "--json", "-", cwd=tmp_path)
    assert done.returncode == 0
    assert msgspec.json.decode(done.stdout)["run"]["events"] == 16


def test_a_bot_that_is_called_like_a_module_of_python_runs(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("from ticklink import Link\n\n\nclass Trading(Link):\n    pass\n")
    call("data", "synth", "--market", "bitmex:XBTUSD", "--hours", "0.02", "--out", tmp_path / "data")
    market = ("--venue", "BitMEX=bitmex", "--market", "bitmex:XBTUSD")
    done = in_child("backtest", "random.py", *market, "--balance", "XBT=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_list_of_instruments_is_not_taken_for_market_data(tmp_path: Path) -> None:
    capture = tmp_path / "instruments.txt"
    capture.write_text("https://www.bitmex.com/api/v1/instrument/active -> 1626993367.4: []\n")
    result = call("import", capture, "--data", tmp_path / "archive")
    assert result.exit_code == 1
    assert "--instruments --src" in " ".join(result.output.split())


def test_outputs_that_cannot_be_written_are_told_before_the_run(tmp_path: Path) -> None:
    call("data", "synth", "--market", "bitmex:XBTUSD", "--hours", "0.02", "--out", tmp_path / "data")
    market = ("--venue", "BitMEX=bitmex", "--market", "bitmex:XBTUSD")
    done = in_child("backtest", "missing.py", *market, "--report", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path} is a folder; name a file to write to\n"
