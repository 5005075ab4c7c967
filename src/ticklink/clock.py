"""The clocks: the only place where ticklink reads the time."""

import time


class WallClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()


class VirtualClock:
    """A clock that stands still until it is set; for tests and simulations."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def set(self, time_ns: int) -> None:
        """Move to a time that is not before the present."""
        if time_ns < self._now_ns:
            raise ValueError(f"a clock does not go back: {time_ns} is before {self._now_ns}")
        self._now_ns = time_ns
