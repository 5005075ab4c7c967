"""docs/native-calls.md: every bot on it runs, and it lists what is answered, all of it and nothing else."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.bitmex_world import World, world
from ticklink.bus import frames
from ticklink.model.errors import ApiError
from ticklink.model.requests import CallEndpoint

PAGE = (Path(__file__).parents[2] / "docs" / "native-calls.md").read_text()
BOTS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


class Door:
    """What these bots use of Link, with a simulated venue behind it."""

    def __init__(self, there: World) -> None:
        self._there = there

    def call_endpoint(self, venue: str, path: str, version: str, method: str = "GET", params: Any = None) -> Any:
        reply = frames.reply(self._there.ask(CallEndpoint(venue, path, version, method, params)))
        if reply["error"] is not None:
            raise ApiError(reply)
        return reply


@pytest.mark.parametrize("source", BOTS, ids=[f"bot {number}" for number in range(1, 1 + len(BOTS))])
def test_the_bots_on_the_page_run(source: str, caplog: pytest.LogCaptureFixture) -> None:
    there = world()
    there.move(130)
    names: dict[str, Any] = {"Link": Door, "logger": logging.getLogger("bot")}
    first, _, rest = source.partition("\n")
    assert first == "from ticklink import Link, logger"
    with caplog.at_level(logging.INFO):
        exec(compile(rest, "native-calls.md", "exec"), names)
        names["Trading"](there).on_start()
    assert len(there.exchange.orders) >= 1
    assert caplog.records


def test_the_page_lists_every_endpoint() -> None:
    listed = re.findall(r"^\| `(GET|POST|PUT|DELETE) ([\w/]+)` \|", PAGE, re.M)
    assert listed
    assert set(listed) == set(world().face.endpoints)
    assert len(listed) == len(set(listed))


def test_there_are_bots_on_the_page() -> None:
    assert len(BOTS) == 3
