"""Lab: a small archive, bots, and backtests of them through the command line, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, NamedTuple

import msgspec

from ticklink.backtest.result import Result
from ticklink.storage import archive
from ticklink.storage.columns import AnyColumns, Candles, Quotes, Trades, gather

ROOT = Path(__file__).parents[2]
T0 = 1_735_689_600_000
"""2025-01-01 00:00 UTC, in ms: when the archives of the tests begin."""

NS_PER_MS = 1_000_000
XBTUSD = "bitmex:XBTUSD"
Rows = Iterable[tuple[float, ...]]


class Server:
    """The process that forks the runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, arguments: list[str], folder: Path) -> "Ended":
        output, errors = folder / "stdout.txt", folder / "stderr.txt"
        job = {"arguments": arguments, "folder": str(folder), "output": str(output), "errors": str(errors)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, output.read_bytes(), errors.read_text())


class Ended(NamedTuple):
    """What a command left: exit code, standard output, standard error."""

    code: int
    output: bytes
    errors: str

    @property
    def result(self) -> Result:
        return msgspec.json.decode(self.output, type=Result)


@contextmanager
def running_server() -> Iterator[Server]:
    variables = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-W", "error", "-m", "tests.backtest.backtest_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Server(process)
        assert process.stdin is not None
        process.stdin.close()


class Lab:
    """An archive in a folder, and bots beside it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self._server = folder, server
        self.data = folder / "data"

    def quotes(self, rows: Rows, market: str = XBTUSD) -> None:
        """Rows of ms since T0, bid, bid size, ask, ask size."""
        self._write(market, "quotes", Quotes, rows)

    def trades(self, rows: Rows, market: str = XBTUSD) -> None:
        """Rows of ms since T0, price, size, side (1: the taker bought)."""
        self._write(market, "trades", Trades, rows)

    def candles(self, rows: Rows, level: str = "1m", market: str = XBTUSD) -> None:
        """Rows of ms since T0, open, high, low, close, volume."""
        self._write(market, f"candles/{level}", Candles, rows)

    def _write(self, market: str, stream: str, shape: type[AnyColumns], rows: Rows) -> None:
        src, _, sym = market.partition(":")
        table = [(round((T0 + ms) * NS_PER_MS), *rest) for ms, *rest in rows]
        columns = dict(zip(shape._fields, zip(*table, strict=True), strict=True))
        archive.write(self.data, archive.Stream(src, sym, stream), gather(shape, columns.__getitem__))

    def calm(self, seconds: int = 60, *, bid: float = 60_000.0, every_ms: int = 1_000, market: str = XBTUSD) -> None:
        """A market that stands still: a quote of 10,000 a side with a spread of 0.5, and a trade of 100, every so often."""
        times = range(0, seconds * 1_000 + 1, every_ms)
        self.quotes([(ms, bid, 10_000.0, bid + 0.5, 10_000.0) for ms in times], market)
        self.trades([(ms + every_ms / 2, bid + 0.5, 100.0, 1) for ms in times[:-1]], market)

    def bot(self, source: str, name: str = "bot") -> Path:
        path = self.folder / f"{name}.py"
        path.write_text(dedent(source).lstrip("\n"))
        return path

    def backtest(
        self,
        bot: Path | str,
        *options: str,
        markets: tuple[str, ...] = (XBTUSD,),
        venues: tuple[str, ...] = ("BitMEX=bitmex",),
    ) -> Ended:
        """Run a bot, given as a file or as its source, with its result as JSON on standard output."""
        path = self.bot(bot) if isinstance(bot, str) else bot
        words = ["backtest", str(path), "--data", str(self.data), "--json", "-"]
        words += [word for market in markets for word in ("--market", market)]
        words += [word for venue in venues for word in ("--venue", venue)]
        return self.command(*words, *options)

    def play(self, bot: Path | str, *options: str, **where: tuple[str, ...]) -> Result:
        """The result of a run that ended well and had nothing to complain of."""
        ended = self.backtest(bot, *options, **where)
        assert (ended.code, ended.errors) == (0, "")
        return ended.result

    def told(self, body: str, *options: str, **where: tuple[str, ...]) -> list[Any]:
        """What a bot that is given by the body of its class says, see `speaking`."""
        return said(self.play(speaking(body), *options, **where))

    def command(self, *words: str) -> Ended:
        return self._server.run(list(words), self.folder)


SPEAKING = f"""\
import threading, time
from ticklink import Link, cron, logger

T0 = {T0}


class Trading(Link):
    def say(self, *what):
        self.publish("said", [*what, self.epoch_now - T0])

"""


def speaking(body: str) -> str:
    """A bot's source from the body of its class; `self.say(...)` publishes what is given and the ms since T0."""
    return SPEAKING + indent(dedent(body.lstrip("\n")), "    ")


def said(result: Result, topic: str = "said") -> list[Any]:
    """What a bot published under a topic."""
    return [each.data for each in result.published if each.topic == topic]
