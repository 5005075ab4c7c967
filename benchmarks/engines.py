"""The same bots on the same 1,000,000 quotes and 200,000 trades in other engines: `./dev bench engines`

Each engine runs in a process of its own; those of others from .venv-bench, which is made from benchmarks/requirements.lock.
Only the replay is timed: before it everything is read, converted, and kept from the garbage collector. Rounds are
interleaved and the least counts, of processor time and of time on the wall. What an engine does differently is told in its
script, benchmarks/other_engines/on_*.py; all differences that cost time are in favour of the other engine.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

from benchmarks import recorded, replay
from benchmarks.bots import ema_cross, requote
from benchmarks.timing import Figures, last_line, plan_of, timed_replay

QUOTES, TRADES = replay.QUOTES, replay.TRADES
ROUNDS = 3
CLAIM = 15
"""How many times faster than nautilus_trader."""

BENCHMARKS = Path(__file__).parent
LOCK = BENCHMARKS / "requirements.lock"
VENV = BENCHMARKS.parent / ".venv-bench"
OURS = ("bare loop", "ticklink")
OTHERS = {"nautilus_trader": "on_nautilus.py", "backtesting": "on_backtesting.py", "basana": "on_basana.py"}
BOTS = ("listen", "ema_cross", "requote")
"""The first shows what a replay costs without orders, and is for the bare loop and ticklink only."""

CONSTANTS = [str(number) for number in (ema_cross.FAST, ema_cross.SLOW, requote.AWAY)]


def main(rounds: int = ROUNDS) -> None:
    everybody = [*OURS, *(OTHERS if installed() else ())]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        recorded.make(root, quotes=QUOTES, trades=TRADES)
        print(f"{QUOTES:,} quotes and {TRADES:,} trades; the replay alone; least of {rounds} interleaved rounds")
        for bot in BOTS:
            engines = OURS if bot == "listen" else everybody
            measured: dict[str, list[Figures]] = {engine: [] for engine in engines}
            for _ in range(rounds):
                for engine in engines:
                    measured[engine].append(measure(engine, bot, root))
            show(bot, {engine: least(figures) for engine, figures in measured.items()})


def least(rounds: list[Figures]) -> Figures:
    """The least times; the counts are the same in every round."""
    assert all(each[name] == rounds[0][name] for each in rounds for name in ("events", "orders", "fills"))
    return {name: min(each[name] for each in rounds) for name in rounds[0]}


def show(bot: str, engines: dict[str, Figures]) -> None:
    def cost(engine: str) -> float:
        return float(engines[engine]["cpu"] / engines[engine]["events"])

    print(f"\n{bot:17}    events  orders   fills    wall s     cpu s   events/cpu s  x ticklink  x bare loop")
    for engine, figures in engines.items():
        print(
            f"  {engine:15} {figures['events']:>9,} {figures['orders']:>7,} {figures['fills']:>7,} "
            f"{figures['wall']:9.2f} {figures['cpu']:9.2f} {1 / cost(engine):14,.0f}  "
            f"{cost(engine) / cost('ticklink'):10.2f}  {cost(engine) / cost('bare loop'):11.2f}"
        )
    if "nautilus_trader" in engines:
        times = cost("nautilus_trader") / cost("ticklink")
        print(f"  {times:.1f} times faster than nautilus_trader (claim: at least {CLAIM})")


def installed() -> bool:
    """Make .venv-bench hold what the lock pins; says so where that is not possible."""
    wanted, stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest(), VENV / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"
    print("setting up .venv-bench ...", file=sys.stderr, flush=True)
    try:
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, VENV], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", VENV / "bin/python", "--require-hashes", "-r", LOCK], check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the other engines are left out: .venv-bench could not be made from {LOCK.name} ({error})")
        return False
    stamp.write_text(wanted)
    return True


def measure(engine: str, bot: str, root: Path) -> Figures:
    """One run in a process of its own."""
    if engine in OTHERS:
        script, market = BENCHMARKS / "other_engines" / OTHERS[engine], root / "bitmex" / "XBTUSD"
        figures = last_line([VENV / "bin/python", script, bot, market, *CONSTANTS])
        figures["events"] = figures["quotes"] + figures["trades"]
        return figures
    return last_line([sys.executable, "-m", "benchmarks.engines", engine, bot, root])


def bare_loop(bot: str, root: Path) -> Figures:
    """Once by each clock."""
    wall = replay.bare(bot, root)
    vars(replay)["perf_counter"] = process_time
    cpu = replay.bare(bot, root)
    return {"wall": wall["loop"], "cpu": cpu["loop"], "events": wall["events"], "orders": 0, "fills": 0}


def ticklink(bot: str, root: Path) -> Figures:
    return timed_replay(plan_of(bot, root))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run_engine = {"bare loop": bare_loop, "ticklink": ticklink}[sys.argv[1]]
        print(json.dumps(run_engine(sys.argv[2], Path(sys.argv[3]))))
    else:
        main(*map(int, sys.argv[1:]))
