"""Recording: the part of a market's recorded quotes and trades that a replay has at hand, made quick to search.

Prices are looked for in blocks whose lowest values are known, so that a price far from the market costs one compare per block.
Rows have absolute numbers that stay the same while old rows are dropped and new ones come.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ticklink.model.instruments import Instrument
from ticklink.simulator.markets import NEVER
from ticklink.simulator.orders import BUY

BLOCK = 16
"""Rows per block: so few that looking through one takes no longer than asking numpy to."""

NEARBY = 16
"""How many rows on the next lookup is tried first; each further try goes this many times further."""

CLOSE_ENOUGH = 1e-6
"""A recorded size within this share of a lot of a whole number is that number."""

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Integers = NDArray[np.int64]
View = memoryview
"""Columns are read one value at a time as memoryviews: they give plain integers, several times quicker than arrays do."""

NO_TIMES: Times = np.zeros(0, dtype=np.int64)
NO_FLOATS: Floats = np.zeros(0)
NO_SIDES: NDArray[np.int8] = np.zeros(0, dtype=np.int8)


class Searchable:
    """Integers in row order with the minimum of each block."""

    __slots__ = ("_block", "_minima", "view")

    def __init__(self, values: Integers, block: int) -> None:
        self._block, self.view = block, values.data
        starts = np.arange(0, len(values), block)
        self._minima: list[int] = np.minimum.reduceat(values, starts).tolist() if len(values) else []

    def first_at_most(self, bound: int, start: int, stop: int) -> int:
        """The first row in [start, stop) whose value is `bound` or less, or `stop`."""
        for row in self.rows_at_most(bound, start, stop):
            return row
        return stop

    def rows_at_most(self, bound: int, start: int, stop: int) -> Iterable[int]:
        """Every row in [start, stop) whose value is `bound` or less."""
        if start >= stop:
            return ()
        size = self._block
        first = start // size
        minima = self._minima[first : (stop + size - 1) // size]
        return () if min(minima) > bound else self._rows(bound, start, stop, minima)

    def _rows(self, bound: int, start: int, stop: int, minima: list[int]) -> Iterator[int]:
        size, view = self._block, self.view
        first = start // size
        for block, lowest in enumerate(minima, first):
            if lowest <= bound:
                low, high = block * size, (block + 1) * size
                for row in range(low if low > start else start, high if high < stop else stop):
                    if view[row] <= bound:
                        yield row


class SideView(NamedTuple):
    """The recording as a resting order of one side sees it, prices multiplied by the side so that lower is nearer to a fill."""

    against: Searchable
    """The opposite quote: below a bid order's price, an ask has gone through it."""
    against_lots: View
    own: Searchable
    """The quote of its own side: at the order's price or below, the order is at the front."""
    own_queue: View
    """What stands in the queue there."""
    traded: Searchable
    """The trades' prices."""


class Displayed(msgspec.Struct, frozen=True, gc=False):
    """A recorded quote in ticks and whole lots."""

    number: int
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class Steps:
    """A recording's columns in whole ticks and lots. What could fill us is rounded down, what queues ahead of us up."""

    def __init__(self, recording: "Recording", block: int) -> None:
        self._recording, self._block = recording, block
        self.quote_ns, self.trade_ns = recording.quote_ns.data, recording.trade_ns.data
        self._bid_ticks, self._ask_ticks = recording.ticks(recording.bid), recording.ticks(recording.ask)
        self.bid, self.ask = self._bid_ticks.data, self._ask_ticks.data
        self.bid_lots, self.ask_lots = self._lots(recording.bid_size), self._lots(recording.ask_size)
        self._traded_ticks = recording.ticks(recording.price)
        self.price, self.traded_lots = self._traded_ticks.data, self._lots(recording.size)
        self.taker = recording.taker.data
        self._views: dict[int, SideView] = {}
        self._marks: dict[int, Searchable] = {}

    def side(self, side: int) -> SideView:
        """Computed when first asked for."""
        view = self._views.get(side)
        if view is None:
            view = self._views[side] = self._side_view(side)
        return view

    def marks(self, side: int) -> Searchable:
        """Mark prices in half ticks (bid + ask) multiplied by the side."""
        marks = self._marks.get(side)
        if marks is None:
            marks = self._marks[side] = Searchable(side * (self._bid_ticks + self._ask_ticks), self._block)
        return marks

    def _side_view(self, side: int) -> SideView:
        recording, is_buy = self._recording, side == BUY
        against, own = (self._ask_ticks, self._bid_ticks) if is_buy else (-self._bid_ticks, -self._ask_ticks)
        return SideView(
            Searchable(against, self._block),
            self.ask_lots if is_buy else self.bid_lots,
            Searchable(own, self._block),
            (-recording.lots(-(recording.bid_size if is_buy else recording.ask_size))).data,
            Searchable(side * self._traded_ticks, self._block),
        )

    def _lots(self, sizes: Floats) -> View:
        return self._recording.lots(sizes).data


class Recording:
    """A window on one instrument's quotes and trades. `loaded_ns` tells up to which time everything is in it.

    The present is what `find_quote` and `find_trade` found last; it holds until `quote_until_ns` and `trade_until_ns`.
    """

    def __init__(
        self, instrument: Instrument, *, block: int = BLOCK, needed_ns: Callable[[], int] = lambda: NEVER
    ) -> None:
        self._tick, self._lot, self._block = float(instrument.tick), float(instrument.lot), block
        self.quote_base = self.trade_base = 0
        """Absolute numbers of the first rows of the window."""
        self.loaded_ns = -1
        self._needed_ns = needed_ns
        self.quote_ns, self.trade_ns = NO_TIMES, NO_TIMES
        self.bid, self.bid_size, self.ask, self.ask_size = NO_FLOATS, NO_FLOATS, NO_FLOATS, NO_FLOATS
        self.price, self.size, self.taker = NO_FLOATS, NO_FLOATS, NO_SIDES
        self._steps: Steps | None = None
        self.quote: Displayed | None = None
        self.next_quote = self.next_trade = 0
        """Absolute numbers of the first quote and trade after the present."""
        self.quote_until_ns = self.trade_until_ns = -1

    def append(self, quotes: Any, trades: Any, loaded_ns: int, keep_ns: int) -> None:
        """Add rows up to `loaded_ns`, and drop those that no longer matter at `keep_ns` (but the last quote and trade).

        `quotes` has time, bid, bid_size, ask and ask_size, `trades` time, price, size and side; None where there are none.
        What the market still has to look at is kept in any case. After the last part, `loaded_ns` is markets.NEVER.
        """
        keep_ns = min(keep_ns, self._needed_ns() - 1)
        quote_drop = max(0, bisect_right(self.quote_ns.data, keep_ns) - 1)
        trade_drop = max(0, bisect_right(self.trade_ns.data, keep_ns) - 1)
        self.quote_base += quote_drop
        self.trade_base += trade_drop
        if quotes is not None or quote_drop:
            self._join(
                quotes, quote_drop, quote_ns="time", bid="bid", bid_size="bid_size", ask="ask", ask_size="ask_size"
            )
        if trades is not None or trade_drop:
            self._join(trades, trade_drop, trade_ns="time", price="price", size="size", taker="side")
        self.loaded_ns = loaded_ns
        self._steps = None

    def steps(self) -> Steps:
        """Computed when first asked for after new rows: a run without orders never pays for it."""
        steps = self._steps
        if steps is None:
            steps = self._steps = Steps(self, self._block)
        return steps

    @property
    def quote_end(self) -> int:
        """The absolute number after the window's last quote."""
        return self.quote_base + len(self.quote_ns)

    def find_quote(self, now_ns: int) -> None:
        """Look up the present quote at a time that is loaded, and not before the last one."""
        steps = self.steps()
        row = first_after(steps.quote_ns, now_ns, self.next_quote - self.quote_base)
        self.next_quote = number = self.quote_base + row
        self.quote_until_ns = steps.quote_ns[row] if row < len(steps.quote_ns) else self.loaded_ns + 1
        row -= 1
        if row >= 0:
            self.quote = Displayed(number - 1, steps.bid[row], steps.bid_lots[row], steps.ask[row], steps.ask_lots[row])

    def find_trade(self, now_ns: int) -> None:
        """The same for the last trade."""
        times = self.steps().trade_ns
        row = first_after(times, now_ns, self.next_trade - self.trade_base)
        self.next_trade = self.trade_base + row
        self.trade_until_ns = times[row] if row < len(times) else self.loaded_ns + 1

    def last_ticks(self) -> int | None:
        """The price of the present's last trade."""
        row = self.next_trade - 1 - self.trade_base
        return self.steps().price[row] if row >= 0 else None

    def ticks(self, prices: Floats) -> Integers:
        return np.rint(prices / self._tick).astype(np.int64)

    def lots(self, sizes: Floats) -> Integers:
        """Sizes in whole lots, rounded down."""
        return np.floor(sizes / self._lot + CLOSE_ENOUGH).astype(np.int64)

    def _join(self, new: Any, drop: int, **columns: str) -> None:
        """Drop the first rows of some columns, and add those of `new` that are called so there."""
        for ours, theirs in columns.items():
            kept = getattr(self, ours)[drop:]
            added = None if new is None else getattr(new, theirs)
            setattr(self, ours, kept.copy() if added is None else np.concatenate((kept, added)) if len(kept) else added)


def first_after(times: View, now_ns: int, known: int) -> int:
    """The first row later than a time; `known` is one that is no later than that row."""
    low, stop, step = known if known > 0 else 0, len(times), NEARBY
    while (near := low + step) < stop and times[near] <= now_ns:
        low, step = near, step * NEARBY
    return bisect_right(times, now_ns, low, near if near < stop else stop)
