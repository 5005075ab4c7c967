"""What a bot's sleeping threads cost a backtest: nanoseconds a wake-up, beside the same loop without any.

    python benchmarks/wakeups.py

The loop stands for the feed: one event a second for a day, and the compare that finds out whether anybody wakes.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import greenlet  # type: ignore[import-untyped]

from ticklink.backtest import virtual_time
from ticklink.backtest.scheduler import Scheduler

DAY_S = 86_400
SECOND_NS = 10**9
ROUNDS = 5


def feed(scheduler: Scheduler) -> None:
    first_ns = scheduler.now_ns
    for event_ns in range(first_ns, first_ns + DAY_S * SECOND_NS, SECOND_NS):
        if scheduler.ready or scheduler.next_ns <= event_ns:
            scheduler.run_until(event_ns)


def sleep_a_second_at_a_time(_scheduler: Scheduler) -> None:
    while True:
        time.sleep(1)


def wait_for_an_event(_scheduler: Scheduler) -> None:
    import threading

    event = threading.Event()
    while True:
        event.wait(1)


def sleep_under_asyncio(_scheduler: Scheduler) -> None:
    import asyncio

    async def blink() -> None:
        while True:
            await asyncio.sleep(1)

    asyncio.run(blink())


BOTS: dict[str, Callable[[Scheduler], None]] = {
    "time.sleep(1)": sleep_a_second_at_a_time,
    "Event().wait(1)": wait_for_an_event,
    "asyncio.sleep(1)": sleep_under_asyncio,
}


def measure(bot: str, backend: str) -> float:
    """Nanoseconds an event, the best of some rounds."""
    scheduler = Scheduler(SECOND_NS, backend="thread" if backend == "thread" else "greenlet")
    virtual_time.install(scheduler)
    if bot in BOTS:
        scheduler.spawn(BOTS[bot], scheduler, main=True)
    best_s = min(_time(lambda: feed(scheduler)) for _ in range(ROUNDS))
    scheduler.stop()
    return best_s / DAY_S * SECOND_NS


def measure_bare_switches() -> float:
    """Two greenlet switches, there and back: the least that a wake-up can cost."""
    main = greenlet.getcurrent()

    def bounce(_: object) -> None:
        while True:
            main.switch(None)

    other = greenlet.greenlet(bounce)

    def play() -> None:
        for _ in range(DAY_S):
            other.switch(None)

    return min(_time(play) for _ in range(ROUNDS)) / DAY_S * SECOND_NS


def _time(play: Callable[[], None]) -> float:
    """Processor time, which other programs on the machine disturb less."""
    began_s = time.process_time()
    play()
    return time.process_time() - began_s


def measure_in_child(bot: str, backend: str) -> float:
    return float(subprocess.check_output([sys.executable, __file__, bot, backend]))


def main() -> None:
    baseline_ns, bare_ns = measure_in_child("none", "greenlet"), measure_bare_switches()
    print(f"{'nothing wakes':34}{baseline_ns:8.0f} ns an event")
    print(f"{'two bare greenlet switches':34}{bare_ns:8.0f} ns, {bare_ns / baseline_ns:5.1f} x")
    for backend in ("greenlet", "thread"):
        for bot in BOTS:
            cost_ns = measure_in_child(bot, backend) - baseline_ns
            print(
                f"{bot + ' on ' + backend + 's':34}{cost_ns:8.0f} ns a wake-up, {cost_ns / bare_ns:5.1f} x bare switches"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(measure(sys.argv[1], sys.argv[2]))
    else:
        main()
