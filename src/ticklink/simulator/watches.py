"""Watch: a price that somebody waits for: a stop order for its trigger, a position for its liquidation level."""

from collections.abc import Callable


class Watch:
    """`side` is +1 when the series must rise to `level`, -1 when it must fall to it.

    The series is the last trade's price in ticks, or the mark price in half ticks (bid + ask).
    """

    __slots__ = (
        "due_lots",
        "due_ns",
        "is_mark",
        "level",
        "number",
        "on_reached",
        "scan_step",
        "seen_quote",
        "seen_trade",
        "side",
        "version",
    )

    def __init__(self, number: int, side: int, level: int, *, is_mark: bool, on_reached: Callable[[int], None]) -> None:
        self.number, self.side, self.level, self.is_mark, self.on_reached = number, side, level, is_mark, on_reached
        self.due_ns = self.due_lots = self.version = self.scan_step = self.seen_quote = self.seen_trade = 0
