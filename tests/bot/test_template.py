from pathlib import Path
from typing import Any

import pytest

from tests.bot.host import MemoryHost
from ticklink.bot.link import overridden
from ticklink.bot.loader import load
from ticklink.bot.template import template, write_template
from ticklink.model.errors import InputError
from ticklink.model.requests import CreateOrder


def test_the_template_is_written_once(tmp_path: Path) -> None:
    path = write_template("my-first_bot", tmp_path)
    assert path == tmp_path / "my-first_bot.py"
    assert path.read_text() == template()
    path.write_text("mine now")
    with pytest.raises(InputError, match="exists already and is left as it is"):
        write_template("my-first_bot.py", tmp_path)
    assert path.read_text() == "mine now"


@pytest.mark.parametrize("name", ["", ".py", "a/b", "../x", "1st", "a b", "my", "TickLink", "x" * 65, "-x", "ä", "a\n"])
def test_a_name_that_makes_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="a bot cannot be called"):
        write_template(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*No such file or directory"):
        write_template("bot", tmp_path / "nowhere")


def test_the_template_is_short() -> None:
    code = [line for line in template().splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) < 60


@pytest.fixture
def loaded(host: MemoryHost, tmp_path: Path, unchanged_process: None) -> Any:
    return load(write_template("bot", tmp_path), host)


def test_the_template_bot_works_and_sends_nothing_by_itself(loaded: Any, host: MemoryHost) -> None:
    bot = loaded.bot_class()
    bot.on_start()
    quote = {"bid": [26900.0, 1.0], "ask": [26900.5, 1.0], "time": 1}
    bot.quote_update("bitmex", "XBTUSD", quote)
    assert host.exchange.requests == []
    loaded.module.TRADE = True
    host.exchange.data = {"order_id": "o1"}
    bot.quote_update("bitmex", "XBTUSD", quote)
    bot.quote_update("bitmex", "XBTUSD", quote)
    assert host.exchange.requests == [CreateOrder("BitMEX", "XBTUSD", "Buy", 100.0, 26631.0)]
    assert bot.get_state({}) == {"order_id": "o1", "position": 0.0}
    bot.order_update("bitmex", "XBTUSD", {"order_id": "o1", "remain_size": 0.0})
    bot.position_update("bitmex", "XBTUSD", {"pos_size": -100.0})
    bot.fill_update("bitmex", "XBTUSD", {"side": "Buy", "fill_size": 100.0, "fill_price": 26631.0})
    bot.trade_update("bitmex", "XBTUSD", {"price": 1.0})
    bot.candle_update_1m("bitmex", "XBTUSD", bot.get_bars("bitmex", "XBTUSD", "1m"))
    bot.report()
    assert bot.get_state({}) == {"order_id": None, "position": -100.0}
    assert host.bus.published == [("trade", b'{"sym":"XBTUSD","price":1.0}')]


def test_the_template_shows_every_callback(loaded: Any) -> None:
    assert overridden(loaded.bot_class()) == {
        "on_start",
        "quote_update",
        "trade_update",
        "order_update",
        "fill_update",
        "position_update",
        "candle_update_1m",
    }
