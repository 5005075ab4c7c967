"""A replay of ours, timed: what the benchmarks share. Each runs in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

from ticklink.backtest.plan import MarketId, Plan
from ticklink.backtest.run import run
from ticklink.backtest.session import Session

BENCHMARKS = Path(__file__).parent

Figures = dict[str, Any]


def plan_of(bot: str, root: Path, **balance: int) -> Plan:
    """One of the benchmark's bots on the recorded market; `balance` as XBT=1000."""
    return Plan(
        bot=BENCHMARKS / "bots" / f"{bot}.py",
        venues={"BitMEX": "bitmex"},
        markets=[MarketId("bitmex", "XBTUSD")],
        root=root,
        balances={"BitMEX": {asset: Decimal(amount) for asset, amount in balance.items()}},
        workdir=root / "work",
    )


def timed_replay(plan: Plan) -> Figures:
    """Seconds of the replay alone, without the reading: on the wall and of the processor; and what was done."""
    session = Session(plan)
    played, loaded = Stopwatch(), Stopwatch()
    vars(session)["play"] = played.around(session.play)
    vars(session.feeder)["_load_part"] = loaded.around(session.feeder._load_part)
    result = run(session)
    assert result.run.status == "completed", result.run.reason
    return {
        "wall": result.timing.seconds,
        "cpu": played.seconds - loaded.seconds,
        "events": result.run.events,
        "orders": len(result.orders),
        "fills": len(result.fills),
    }


def last_line(command: list[str | Path]) -> Figures:
    """Run a program that prints its figures as JSON at the end."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=BENCHMARKS.parent)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


class Stopwatch:
    """Processor time spent in a function."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, work: Callable[[], None]) -> Callable[[], None]:
        def timed() -> None:
            began = process_time()
            try:
                work()
            finally:
                self.seconds += process_time() - began

        return timed
