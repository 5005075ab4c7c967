"""Runs every case of a program on virtual time and prints {case: [[seconds, value], ...]} as JSON.

usage: run_cases.py BACKEND PROGRAM.py [CASE ...]
A case is a function of the program that takes a `Stage`. It runs on the bot's main thread, one case after the other;
market events that it registers with `stage.at` are then delivered by the feed, and a day passes.
"""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep as early_sleep

from ticklink.backtest import virtual_time
from ticklink.backtest.scheduler import Deadlock, EndOfData, Scheduler

DAY_NS = 86_400 * 10**9
START_NS = 1_700_000_000 * 10**9


class Stage:
    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.start_ns = scheduler.current_ns()
        self.notes: list[list[object]] = []
        self.events: list[tuple[float, Callable[[], object]]] = []
        self.early_sleep = early_sleep

    def note(self, value: object) -> None:
        self.notes.append([(self.scheduler.current_ns() - self.start_ns) / 10**9, value])

    def at(self, seconds: float, callback: Callable[[], object]) -> None:
        self.events.append((seconds, callback))

    def play(self, case: Callable[["Stage"], None]) -> None:
        scheduler = self.scheduler
        scheduler.spawn(case, self, main=True)
        scheduler.run_until(self.start_ns)
        market_ns = self.start_ns
        scheduler.time_source = lambda: market_ns
        for seconds, callback in sorted(self.events, key=lambda event: event[0]):
            event_ns = self.start_ns + round(seconds * 10**9)
            if scheduler.ready or scheduler.next_ns <= event_ns:
                scheduler.run_until(event_ns)
            market_ns = event_ns
            try:
                callback()
            except (Deadlock, EndOfData) as error:
                self.note(type(error).__name__)
        scheduler.run_until(max(self.start_ns + DAY_NS, scheduler.now_ns))
        assert "MainThread" not in {thread.name for thread in scheduler.threads}, scheduler.describe()


def main(backend: str, path: str, *names: str) -> None:
    scheduler = Scheduler(START_NS, backend="thread" if backend == "thread" else "greenlet")
    virtual_time.install(scheduler)
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    traces = {}
    for name in names or program.CASES:
        stage = Stage(scheduler)
        stage.play(getattr(program, name))
        traces[name] = stage.notes
    scheduler.stop()
    print(json.dumps(traces))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(*sys.argv[1:])
