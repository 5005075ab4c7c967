"""Replay of 1,000,000 quotes and 200,000 trades, against a bare loop that reads the same files and calls the same bot.

    ./dev bench replay

The bare loop builds the dict, calls the bound method and does the bot's arithmetic; it places no orders, keeps no time and no
books. Every measurement is a process of its own; the least of several rounds counts.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import recorded

QUOTES, TRADES = 1_000_000, 200_000
ROUNDS = 5
BOTS = Path(__file__).parent / "bots"
CLAIMS = {"ema_cross": 1.3, "requote": 1.6}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        recorded.make(root, quotes=QUOTES, trades=TRADES)
        print(f"{QUOTES:,} quotes and {TRADES:,} trades; least of {ROUNDS} rounds")
        for name, limit in CLAIMS.items():
            bare = least([measure("bare", name, root) for _ in range(ROUNDS)])
            ours = least([measure("ticklink", name, root) for _ in range(ROUNDS)])
            print(
                f"{name:10}  {ours['orders']:,} orders\n"
                f"  replay alone      bare loop {bare['loop']:.3f} s  ticklink {ours['seconds']:.3f} s  "
                f"{ours['events'] / ours['seconds'] / 1e6:.2f} million events/s  "
                f"ratio {ours['seconds'] / bare['loop']:.2f} (claim: at most {limit})\n"
                f"  with its reading  bare loop {bare['whole']:.3f} s  ticklink {ours['whole']:.3f} s  "
                f"ratio {ours['whole'] / bare['whole']:.2f}"
            )


def least(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The least of each measurement."""
    return {name: min(each[name] for each in rounds) for name in rounds[0]}


def measure(how: str, bot: str, root: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.replay", how, bot, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def bare(bot_name: str, root: Path) -> dict[str, Any]:
    """What a loop over the archive costs at the least: reading, merging, the dict, the call, the arithmetic."""
    import numpy as np
    import pyarrow.parquet as pq

    from ticklink import Link

    spec = importlib.util.spec_from_file_location(bot_name, BOTS / f"{bot_name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    Link.__new__ = lambda cls, *_: object.__new__(cls)  # type: ignore[method-assign]
    Link.__init__ = lambda self: None  # type: ignore[method-assign, misc]
    spec.loader.exec_module(module)
    bot = module.Trading()
    for name in ("create_market_order", "create_limit_order", "cancel_order"):
        setattr(bot, name, lambda *_args, **_kwargs: None)
    began = perf_counter()
    folder = root / "bitmex" / "XBTUSD"
    quotes = pq.read_table(next((folder / "quotes").glob("*.parquet")))
    trades = pq.read_table(next((folder / "trades").glob("*.parquet")))
    columns = [
        np.concatenate((trades[one].to_numpy(), quotes[other].to_numpy()))
        for one, other in (
            ("time", "time"),
            ("price", "bid"),
            ("size", "bid_size"),
            ("side", "ask"),
            ("side", "ask_size"),
        )
    ]
    order = np.argsort(columns[0], kind="stable")
    is_trade = (order < len(trades)).tolist()
    millis = (columns[0][order] // 1_000_000).tolist()
    values = [column[order].tolist() for column in columns[1:]]
    read = perf_counter()
    quote_update, trade_update = bot.quote_update, bot.trade_update
    for traded, ms, a, b, c, d in zip(is_trade, millis, *values, strict=True):
        if traded:
            trade_update("bitmex", "XBTUSD", {"side": "Buy" if c > 0 else "Sell", "price": a, "size": b, "time": ms})
        else:
            quote_update("bitmex", "XBTUSD", {"bid": [a, b], "ask": [c, d], "time": ms})
    done = perf_counter()
    return {"whole": done - began, "loop": done - read, "events": len(millis)}


def ticklink(bot_name: str, root: Path) -> dict[str, Any]:
    from ticklink.backtest.plan import MarketId, Plan
    from ticklink.backtest.run import run
    from ticklink.backtest.session import Session

    market = MarketId("bitmex", "XBTUSD")
    plan = Plan(
        bot=BOTS / f"{bot_name}.py", venues={"BitMEX": "bitmex"}, markets=[market], root=root, workdir=root / "work"
    )
    result = run(Session(plan))
    assert result.run.status == "completed", result.run.reason
    seconds, reading = result.timing.seconds, result.timing.reading_seconds
    return {"seconds": seconds, "whole": seconds + reading, "events": result.run.events, "orders": len(result.orders)}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured = {"bare": bare, "ticklink": ticklink}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
        print(json.dumps(measured))
    else:
        main()
