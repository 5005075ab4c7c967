"""How long `ticklink check` takes, beside Python's own start and the imports the bot makes: `./dev bench check`

It reads the bot without importing what the bot imports, so it is held against the lesser of the two: it can be faster than
the imports alone. Every measurement is a process; rounds are interleaved, and the median counts, of time on the wall and of
the processor.
"""

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parent.parent
BOTS = {
    "examples/rsi.py": "import talib; from ticklink import Link, logger",
    "benchmarks/bots/ema_cross.py": "from typing import Any; from ticklink import Link",
}
"""And what each imports."""

ROUNDS = 11
CLAIM_S = 0.5


def main() -> None:
    ticklink = str(Path(sys.executable).parent / "ticklink")
    print(f"median of {ROUNDS} interleaved runs of a process; wall and processor seconds")
    for bot, imports in BOTS.items():
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "the bot's imports": [sys.executable, "-c", imports],
            "ticklink check": [ticklink, "check", str(ROOT / bot)],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                taken[name].append(seconds(command))
        print(bot)
        medians = {name: [median(column) for column in zip(*runs, strict=True)] for name, runs in taken.items()}
        for name, (wall, cpu) in medians.items():
            print(f"  {name:18} {wall:6.3f} {cpu:6.3f}")
        least = min(medians["python -c pass"], medians["the bot's imports"])
        wall, cpu = (a - b for a, b in zip(medians["ticklink check"], least, strict=True))
        print(f"  {'beyond the least':18} {wall:6.3f} {cpu:6.3f}   (claim: under {CLAIM_S} s beyond the imports)")


def seconds(command: list[str]) -> tuple[float, float]:
    before, began = processor_seconds(), perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return perf_counter() - began, processor_seconds() - before


def processor_seconds() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
