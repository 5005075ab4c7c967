"""Every Python block of the documents runs: a bot in a backtest, anything else as a script beside an archive named data."""

from pathlib import Path

import msgspec
import pytest

from tests.docs import pages
from tests.docs.pages import run
from ticklink.bot.inspection import inspect

SNIPPETS = [
    pytest.param(block, id=f"{pages.name(page)} {number}")
    for page in pages.PAGES
    for number, block in enumerate(pages.blocks(page, "python", "py"), 1)
]
BACKTEST = "backtest bot.py --venue BitMEX=bitmex --market bitmex:XBTUSD --data data --json result.json"
SYNTH = "data synth --market bitmex:XBTUSD --hours 0.1 --seed 7 --out data"


@pytest.fixture(scope="module")
def with_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six minutes of a synthetic market in `data`."""
    folder = tmp_path_factory.mktemp("snippets")
    run(folder, "-m", "ticklink", *SYNTH.split())
    return folder


@pytest.mark.parametrize("block", SNIPPETS)
def test_a_block_runs(block: str, with_archive: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(with_archive / "data")
    (tmp_path / "bot.py").write_text(block, encoding="utf-8")
    if "(Link):" not in block:
        run(tmp_path, "bot.py")
        return
    found = inspect(tmp_path / "bot.py")
    assert (found.ok, found.warnings) == (True, [])
    run(tmp_path, "-m", "ticklink", *BACKTEST.split())
    log = msgspec.json.decode((tmp_path / "result.json").read_bytes())["log"]
    assert [line["message"] for line in log if line["level"] == "ERROR"] == []
