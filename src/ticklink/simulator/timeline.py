"""Timeline: what time it is at a simulated exchange, and what is to happen there by itself."""

import heapq
from collections.abc import Callable

from ticklink.simulator.markets import NEVER


class Timeline:
    """Time is what it is told; alarms of the same time ring in the order in which they were set."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.due_ns = NEVER
        """When the next alarm rings."""
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = 0

    def move_to(self, now_ns: int) -> None:
        if now_ns > self.now_ns:
            self.now_ns = now_ns

    def alarm(self, time_ns: int, ring: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._alarms, (time_ns, self._numbers, ring))
        self.due_ns = self._alarms[0][0]

    def ring(self, until_ns: int) -> None:
        """Let everything happen that is due."""
        while self.due_ns <= until_ns:
            _, _, ring = heapq.heappop(self._alarms)
            self.due_ns = self._alarms[0][0] if self._alarms else NEVER
            ring()
