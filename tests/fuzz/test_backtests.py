"""Whatever a bot does, a backtest ends well, its books are right, and it does the same again."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from tests.backtest.lab import XBTUSD, Lab, running_server
from tests.fuzz.books import check_books
from tests.fuzz.programs import arguments, programs
from ticklink.commands.synthetic import write_synthetic
from ticklink.simulator.market import generate
from ticklink.storage.instruments import catalog

SECONDS = float(os.environ.get("TICKLINK_FUZZ_SECONDS", "4"))
FIRST_ROUND = int(os.environ.get("TICKLINK_FUZZ_ROUND", "0"))
PER_ROUND = 10
PHASES = [Phase.generate, Phase.shrink] if SECONDS > 30 else [Phase.generate]
"""A short run, as one test among others, shows a failing program as it is: to make it small takes minutes."""
MARKETS = (XBTUSD, "bitmex:ETHUSD", "coinbasepro:BTC-USD")
ACTOR = (Path(__file__).parent / "actor.py.txt").read_text()
TROUBLE = ("ERROR", "CRITICAL", "WARNING")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A minute of three synthetic markets."""
    folder = tmp_path_factory.mktemp("fuzz")
    with running_server() as server:
        lab = Lab(folder, server)
        for market in MARKETS:
            src, _, sym = market.partition(":")
            write_synthetic(lab.data, src, sym, generate(catalog(None)(src, sym), hours=1 / 60, seed=3))
        yield lab


def test_random_bots_leave_right_books(lab: Lab) -> None:
    """Round after round for as long as was asked; round n is the same on every machine."""
    until, number = time.monotonic() + SECONDS, FIRST_ROUND
    while time.monotonic() < until:
        play_round(lab, number)
        number += 1


def play_round(lab: Lab, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=PER_ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=PHASES
    )
    @given(programs, arguments)
    def play(program: dict[str, Any], words: tuple[str, str, str, str]) -> None:
        note(f"TICKLINK_FUZZ_ROUND={number}")
        check_run(lab, program, words)

    play()


def check_run(lab: Lab, program: dict[str, Any], words: tuple[str, str, str, str]) -> None:
    latency, queue, fees, balance = words
    bot = lab.folder / "actor.py"
    bot.write_text(ACTOR.replace("PROGRAM = {}", f"PROGRAM = {program!r}"))
    options = ["--latency", latency, "--queue", queue, "--fees", fees, "--balance", f"BitMEX:{balance}"]
    options += ["--balance", "Coinbase:USD=500", "--balance", "Coinbase:BTC=0.01"]
    where = {"markets": MARKETS, "venues": ("BitMEX=bitmex", "Coinbase=coinbasepro")}
    ended = lab.backtest(bot, *options, **where)
    assert (ended.code, ended.errors) == (0, "")
    result = ended.result
    assert [line for line in result.log if line.level in TROUBLE] == []
    check_books(result)
    if len(result.fills) > 3:
        again = lab.backtest(bot, *options, **where)
        assert untimed(again.output) == untimed(ended.output)


def untimed(output: bytes) -> Any:
    result = json.loads(output)
    del result["timing"]
    return result
