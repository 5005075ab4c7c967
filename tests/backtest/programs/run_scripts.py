"""Runs generated programs, one after the other, on virtual time, and prints what each thread saw, as JSON.

usage: run_scripts.py BACKEND < [[thread, ...], ...]     a thread is a list of steps: [what, which, tenths of a second]
"""

import json
import queue
import sys
import threading
import time
from typing import Any

from ticklink.backtest import virtual_time
from ticklink.backtest.scheduler import Scheduler

Step = tuple[str, int, int]


class World:
    """Two of each thing that threads meet at. Built after virtual time is installed."""

    def __init__(self, scripts: list[list[Step]], log: list[Any]) -> None:
        self.scripts = scripts
        self.log = log
        self.began = time.monotonic_ns()
        self.queues = [queue.Queue[int](1), queue.Queue[int](2)]
        self.locks = [threading.Lock(), threading.Lock()]
        self.events = [threading.Event(), threading.Event()]
        self.conditions = [threading.Condition(), threading.Condition()]
        self.semaphores = [threading.Semaphore(0), threading.Semaphore(1)]
        self.spawned = 0

    def run(self, name: str, script: list[Step]) -> None:
        for what, which, tenths in script:
            result = getattr(self, what)(which, tenths / 10)
            self.log.append([time.monotonic_ns() - self.began, name, what, result])

    def sleep(self, _which: int, seconds: float) -> None:
        time.sleep(seconds)

    def put(self, which: int, seconds: float) -> bool:
        try:
            self.queues[which].put(round(seconds * 10), timeout=seconds)
        except queue.Full:
            return False
        return True

    def get(self, which: int, seconds: float) -> int | None:
        try:
            return self.queues[which].get(timeout=seconds)
        except queue.Empty:
            return None

    def hold(self, which: int, seconds: float) -> None:
        with self.locks[which]:
            time.sleep(seconds)

    def try_to_hold(self, which: int, seconds: float) -> bool:
        held = self.locks[which].acquire(timeout=seconds)
        if held:
            self.locks[which].release()
        return held

    def set(self, which: int, _seconds: float) -> None:
        self.events[which].set()

    def clear(self, which: int, _seconds: float) -> None:
        self.events[which].clear()

    def wait(self, which: int, seconds: float) -> bool:
        return self.events[which].wait(seconds)

    def notify(self, which: int, seconds: float) -> None:
        with self.conditions[which]:
            self.conditions[which].notify(1 + round(seconds * 10) % 2)

    def meet(self, which: int, seconds: float) -> bool:
        with self.conditions[which]:
            return self.conditions[which].wait(seconds)

    def release(self, which: int, _seconds: float) -> None:
        self.semaphores[which].release()

    def acquire(self, which: int, seconds: float) -> bool:
        return self.semaphores[which].acquire(timeout=seconds)

    def timer(self, which: int, seconds: float) -> None:
        timer = threading.Timer(seconds, self.log.append, [["timer", which]])
        timer.start()
        if which:
            threading.Timer(0.5, timer.cancel).start()

    def spawn(self, which: int, seconds: float) -> bool | None:
        if self.spawned >= 4:
            return None
        self.spawned += 1
        script = self.scripts[which % len(self.scripts)]
        child = threading.Thread(target=self.run, args=(f"child {self.spawned}", script))
        child.start()
        child.join(seconds)
        return child.is_alive()


def main(backend: str) -> None:
    programs = json.load(sys.stdin)
    scheduler = Scheduler(10**18, backend="thread" if backend == "thread" else "greenlet")
    virtual_time.install(scheduler)
    logs = []
    for scripts in programs:
        logs.append(log := list[Any]())
        world = World(scripts, log)
        for number, script in enumerate(scripts):
            threading.Thread(target=world.run, args=(f"thread {number}", script)).start()
        scheduler.run_until(scheduler.now_ns + 3_600 * 10**9)
    scheduler.stop()
    print(json.dumps(logs))


if __name__ == "__main__":
    main(sys.argv[1])
