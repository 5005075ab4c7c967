"""docs/bot-api.md, webhooks.md and stream.md: nothing is left out, and every bot on them loads and passes the check."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ticklink.bot.inspection import inspect
from ticklink.bot.link import CALLBACKS, Link
from ticklink.bot.loader import LoadedBot
from ticklink.bus import frames
from ticklink.model.candles import LEVELS_MS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("bot-api.md", "webhooks.md", "stream.md")
BOTS = [
    pytest.param(block, id=f"{page}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL), 1)
]
REFERENCE = (DOCS / "bot-api.md").read_text()


@pytest.mark.parametrize("block", BOTS)
def test_every_bot_on_the_pages_loads_and_has_no_warning(
    block: str, load_source: Callable[[str], LoadedBot], tmp_path: Path
) -> None:
    load_source(block).bot_class()
    found = inspect(tmp_path / "bot.py")
    assert (found.ok, found.warnings) == (True, [])


@pytest.mark.parametrize("name", [name for name in dir(Link) if not name.startswith("_")])
def test_every_member_is_on_the_page(name: str) -> None:
    assert re.search(rf"`(self\.)?{name}\b", REFERENCE)


@pytest.mark.parametrize("level", LEVELS_MS)
def test_every_level_is_on_the_page(level: str) -> None:
    assert f"`{level}`" in REFERENCE


ROW = frames.order("sym", "Buy", 1.0, 1.0, 1.0, "LIMIT", 1, "id", "own", "new")
EVENTS = {
    "quote_update": frames.quote(1.0, 1.0, 2.0, 1.0, 1),
    "trade_update": frames.trade("Buy", 1.0, 1.0, 1),
    "order_update": frames.order_update("venue", ROW, {}),
    "fill_update": frames.fill_update("v", "Buy", 1.0, 1.0, 1.0, "LIMIT", 1, "id", "own", "t", "maker", 0.0, "XBT", {}),
    "position_update": frames.position_update("venue", 1.0, None, None, None, 1, {}),
}


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_callbacks_table_has_its_fields_and_no_other(callback: str) -> None:
    section = REFERENCE.partition(f"### {callback}\n")[2].partition("\n#")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {field for cell in cells for field in re.findall(r"`(\w+)`", cell)} == set(EVENTS[callback])
