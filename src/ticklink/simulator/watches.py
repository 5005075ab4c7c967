"""Watch: a price that somebody waits for: a stop order for its trigger, a position for the end of what is known to be safe."""

from collections.abc import Callable


class Watch:
    """`side` is +1 when the series must rise to `level`, -1 when it must fall to it.

    The series is the last trade's price in ticks, or the mark price in half ticks (bid + ask).
    """

    __slots__ = ("is_mark", "level", "on_reached", "place", "side")

    def __init__(self, side: int, level: int, *, is_mark: bool, on_reached: Callable[[], None]) -> None:
        self.side, self.level, self.is_mark, self.on_reached = side, level, is_mark, on_reached
        self.place: object = None
        """Where the market that it waits in keeps its place."""

    def is_reached(self, value: int) -> bool:
        """Is the level reached at this value of its series?"""
        return self.side * value >= self.side * self.level
