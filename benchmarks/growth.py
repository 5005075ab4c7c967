"""Whether cost grows with what has happened before: `./dev bench growth`

A maker that only buys fills thousands of orders into one growing position: an order must cost the same after 50,000 of them
as after 5,000. A bot that wakes every second for a day pays for its wake-ups and for nothing else.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import recorded, wakeups
from benchmarks.timing import Figures, last_line, plan_of, timed_replay

QUOTES_A_DAY, TRADES_A_DAY = 450_000, 90_000
"""About 5,000 orders of the re-quoting bot."""

DAYS = (1, 10)
ROUNDS = 3


def main() -> None:
    measure_position()
    measure_wakeups()


def measure_position() -> None:
    with tempfile.TemporaryDirectory() as folder:
        roots = {days: Path(folder) / str(days) for days in DAYS}
        for days, root in roots.items():
            recorded.make_days(root, days=days, quotes_a_day=QUOTES_A_DAY, trades_a_day=TRADES_A_DAY)
        rounds = [{days: measure(root) for days, root in roots.items()} for _ in range(ROUNDS)]
    print(f"a maker that only buys; processor time of the replay, least of {ROUNDS} interleaved rounds")
    costs = []
    for days in DAYS:
        figures = min((each[days] for each in rounds), key=lambda one: float(one["cpu"]))
        costs.append(figures["cpu"] / figures["orders"] * 1e6)
        print(
            f"  {figures['orders']:>7,} orders {figures['fills']:>7,} fills {figures['events']:>10,} events   "
            f"{costs[-1]:6.0f} us an order   {figures['cpu'] / figures['events'] * 1e6:.2f} us an event"
        )
    print(f"  ratio {costs[1] / costs[0]:.2f} (claim: no more per order, so about 1)")


def measure(root: Path) -> Figures:
    return last_line([sys.executable, "-m", "benchmarks.growth", root])


def measure_wakeups() -> None:
    quiet_ns = wakeups.measure_in_child("none", "greenlet")
    print("a bot that wakes every second for a day")
    for bot in wakeups.BOTS:
        cost_ns = wakeups.measure_in_child(bot, "greenlet") - quiet_ns
        seconds = cost_ns * wakeups.DAY_S / wakeups.SECOND_NS
        print(f"  {bot:18} {cost_ns / 1000:6.2f} us a wake-up   {seconds:.2f} s a day")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(timed_replay(plan_of("requote", Path(sys.argv[1]), XBT=1000))))
    else:
        main()
