"""How much memory a replay takes: resident MB above the interpreter with its libraries, for 1, 3 and 10 million quotes.

    ./dev bench memory

A bot that places no orders must stay flat whatever the length of the recording. One that trades adds what the run keeps of
its orders and fills, for the report.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import recorded
from benchmarks.timing import last_line, plan_of, timed_replay

MILLIONS = (1, 3, 10)
CLAIM_MB = 400
FLAT_MB = 50
"""By how much more 10 million quotes may take than 1 million."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(f"resident MB above the interpreter with its libraries (claim: under {CLAIM_MB}, and flat)")
        taken: dict[str, list[float]] = {"listen": [], "ema_cross": []}
        for millions in MILLIONS:
            root = Path(folder) / str(millions)
            recorded.make_days(root, days=millions, quotes_a_day=1_000_000, trades_a_day=200_000)
            for bot, peaks in taken.items():
                figures = last_line([sys.executable, "-m", "benchmarks.memory", bot, root])
                peaks.append(figures["peak"] - figures["libraries"])
                print(
                    f"  {bot:10} {millions:3} million quotes {peaks[-1]:6.0f} MB   {figures['orders']:,} orders   "
                    f"(libraries {figures['libraries']:.0f} MB, peak {figures['peak']:.0f} MB)"
                )
        quiet = taken["listen"]
        verdict = "flat" if quiet[-1] - quiet[0] < FLAT_MB else "NOT flat"
        print(f"  without orders: {verdict}, {quiet[-1] - quiet[0]:+.0f} MB from 1 to {MILLIONS[-1]} million")


def measure(bot: str, root: Path) -> dict[str, float]:
    """In a child: the libraries are those that this module imports."""
    libraries = peak_mb()
    figures = timed_replay(plan_of(bot, root, XBT=1000))
    return {"libraries": libraries, "peak": peak_mb(), "orders": figures["orders"]}


def peak_mb() -> float:
    """The most memory that was ever resident (VmHWM of proc_pid_status(5))."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        main()
