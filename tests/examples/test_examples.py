"""Every example loads, trades, and does what it says it does."""

import json
import tokenize
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.backtest.lab import Lab, said
from tests.examples.conftest import EXAMPLES
from ticklink.backtest.result import Result
from ticklink.bot.template import template

BOTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))
LOT, TICK = 100, 0.1

Played = Callable[[str], Result]


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    return {}


@pytest.fixture
def played(lab: Lab, results: dict[str, Result]) -> Played:
    """The result of an example's run, which is made once."""

    def play(name: str) -> Result:
        if name not in results:
            results[name] = lab.play(EXAMPLES / f"{name}.py", "--seed", "1")
        return results[name]

    return play


@pytest.mark.parametrize("name", BOTS)
def test_it_passes_the_check(lab: Lab, name: str) -> None:
    ended = lab.command("check", str(EXAMPLES / f"{name}.py"), "--json")
    assert (ended.code, ended.errors) == (0, "")
    told = json.loads(ended.output)
    assert (told["ok"], told["warnings"], told["missing_imports"]) == (True, [], [])
    assert (told["bot_class"], told["errors"]) == ("Trading", [])


@pytest.mark.parametrize("name", BOTS)
def test_it_is_short_and_says_what_it_does(name: str) -> None:
    path = EXAMPLES / f"{name}.py"
    with path.open("rb") as file:
        said_nothing = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)
        lines = {token.start[0] for token in tokenize.tokenize(file.readline) if token.type not in said_nothing}
    assert len(lines) < 60
    assert path.read_text().startswith('"""')
    assert f"[{name}.py]({name}.py)" in (EXAMPLES / "README.md").read_text()


def test_the_template_is_what_new_writes() -> None:
    assert (EXAMPLES / "template.py").read_text() == template()


@pytest.mark.parametrize("name", sorted(set(BOTS) - {"template"}))
def test_it_trades_without_an_error(played: Played, name: str) -> None:
    result = played(name)
    assert result.run.status == "completed"
    assert result.orders
    assert result.fills
    assert [line for line in result.log if line.level not in ("INFO", "PRINT")] == []
    assert all(order.status != "Rejected" for order in result.orders)


def test_the_template_sends_nothing_until_it_may(lab: Lab, played: Played) -> None:
    assert played("template").orders == []
    result = lab.play(lab.bot(template().replace("TRADE = False", "TRADE = True"), "mine"))
    assert [(order.side, order.size, order.status) for order in result.orders] == [("Buy", 100.0, "New")]
    assert result.orders[0].price == pytest.approx(result.prices[0].mid[1] or 0, rel=0.02)


def test_the_grid_answers_every_fill_with_a_profit(played: Played) -> None:
    result = played("grid_bot")
    assert {(order.type, order.post_only, order.size) for order in result.orders} == {("Limit", True, 1000.0)}
    first, answers = result.orders[:40], result.orders[40:]
    assert len({order.price for order in first}) == 40
    done = [order for order in result.orders if order.status == "Filled"]
    assert len(answers) == len(done)
    made = sorted((order.side, order.price or 0) for order in answers)
    other = {"Buy": ("Sell", 96.0), "Sell": ("Buy", -96.0)}
    assert made == sorted((other[order.side][0], (order.price or 0) + other[order.side][1]) for order in done)
    assert len(said(result, "grid")) >= 19


def test_the_market_maker_keeps_to_its_limit(played: Played) -> None:
    result = played("market_maker")
    assert all(fill.liquidity == "maker" for fill in result.fills)
    assert max(abs(fill.position) for fill in result.fills) <= 5000
    assert {order.side for order in result.orders} == {"Buy", "Sell"}
    assert sum(len(order.changes) for order in result.orders) > 20
    assert sum(order.closed is None for order in result.orders) <= 2


def test_mean_reversion_holds_one_lot_or_none(played: Played) -> None:
    result = played("mean_reversion")
    assert {order.type for order in result.orders} == {"Market"}
    ends = {fill.order_id: fill.position for fill in result.fills}
    assert set(ends.values()) <= {-1000.0, 0.0, 1000.0}
    assert len(result.log) == len(result.orders)


def test_rsi_trades_when_a_minute_has_ended(played: Played) -> None:
    result = played("rsi")
    sides = [order.side for order in result.orders]
    assert all(one != other for one, other in pairwise(sides))
    assert all(order.created % 60_000 < 10_000 for order in result.orders)


def test_the_native_bot_never_takes_and_sells_for_a_profit(played: Played) -> None:
    result = played("native_post_only")
    assert {(order.type, order.post_only) for order in result.orders} == {("Limit", True)}
    assert all(fill.liquidity == "maker" for fill in result.fills)
    assert sum(len(order.changes) for order in result.orders) > 0
    assert all(fill.realised_pnl > fill.fee for fill in result.fills if fill.side == "Sell")
    assert result.log[0].message == "BitMEX has 1.0000 XBT to spend"


def test_the_native_bot_takes_the_rest_of_a_bid_away(lab: Lab) -> None:
    """A size that fills in parts: the rest of the bid goes by DELETE when there is something to sell."""
    source = (EXAMPLES / "native_post_only.py").read_text()
    assert '"BitMEX", "XBTUSD", 500' in source
    result = lab.play(lab.bot(source.replace('"XBTUSD", 500', '"XBTUSD", 200_000'), "large"))
    cut = [order for order in result.orders if order.status == "Canceled" and 0 < order.filled < order.size]
    assert any(order.text.startswith("Canceled: Canceled via API.") for order in cut)


DRIVER = """
    import threading
    from ticklink import Link


    def drive(bot):
        for after, name, data in CALLS:
            threading.Timer(after, lambda name=name, data=data: bot.publish(name, getattr(bot, name)(data))).start()


    CALLS = [
        (60, "get_status", {}),
        (120, "post_pause", {}),
        (300, "post_size", {"size": 250}),
        (300.5, "post_size", {"size": "300"}),
        (301, "get_status", {}),
        (600, "post_resume", {}),
    ]
"""


def test_the_webhooks_do_what_they_are_called(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    source = (EXAMPLES / "webhook_bot.py").read_text()
    lab.bot(DRIVER, "my/driver")
    started = "\n\n    def on_start(self):\n        from my.driver import drive\n\n        drive(self)\n"
    result = lab.play(lab.bot(source + started, "switched"))
    (before, _), (paused,), (resumed,) = (said(result, name) for name in ("get_status", "post_pause", "post_resume"))
    assert (before["paused"], before["size"], paused["paused"], resumed["paused"]) == (False, 100, True, False)
    refused, sized = said(result, "post_size")
    assert refused == {"error": "size is a positive multiple of 100, not 250"}
    assert (sized["size"], resumed["size"]) == (300, 300)
    assert [state["paused"] for state in said(result, "status")] == [True, True, False]
    begin = result.run.from_
    pause, resume = begin + 120_000, begin + 600_000
    assert not [order for order in result.orders if pause + 100 < order.created < resume]
    assert {order.size for order in result.orders if order.created < pause} == {100.0}
    assert {order.size for order in result.orders if order.created >= resume} == {300.0}
    assert not [order for order in result.orders if order.created < pause and order.closed is None]
