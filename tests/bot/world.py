"""A world of virtual time: threads are greenlets, sleeping lets the clock move on, and nothing happens unless time advances."""

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import greenlet  # type: ignore[import-untyped]
import pytest

from ticklink.clock import VirtualClock


class World:
    def __init__(self, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self._due: list[tuple[int, int, Any]] = []
        self._order = itertools.count()
        self._main = greenlet.getcurrent()
        monkeypatch.setattr("time.sleep", self.sleep)
        monkeypatch.setattr("threading.Thread", self.thread)

    def thread(self, target: Callable[[], Any], name: str, daemon: bool) -> Any:
        assert daemon, "a thread that is no daemon keeps a stopped bot alive"
        return _Thread(self, greenlet.greenlet(target, self._main))

    def sleep(self, seconds: float) -> None:
        self.wake_at(self.clock.now_ns() + round(seconds * 1e9), greenlet.getcurrent())
        self._main.switch()

    def wake_at(self, time_ns: int, thread: Any) -> None:
        heapq.heappush(self._due, (time_ns, next(self._order), thread))

    def advance(self, seconds: float) -> None:
        end_ns = self.clock.now_ns() + round(seconds * 1e9)
        while self._due and self._due[0][0] <= end_ns:
            time_ns, _, thread = heapq.heappop(self._due)
            self.clock.set(time_ns)
            thread.switch()
        self.clock.set(end_ns)


class _Thread:
    def __init__(self, world: World, target: Any) -> None:
        self._world, self._target = world, target

    def start(self) -> None:
        self._world.wake_at(self._world.clock.now_ns(), self._target)
