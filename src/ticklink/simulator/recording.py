"""Recording: the part of a market's recorded quotes and trades that a replay has at hand, made quick to search.

Prices are looked for in blocks whose lowest values are known, so that a price far from the market costs one compare per block.
Rows have absolute numbers that stay the same while old rows are dropped and new ones come.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticklink.model.instruments import Instrument
from ticklink.simulator.orders import BUY, SELL

BLOCK = 64

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Ticks = NDArray[np.int64]

NO_TIMES: Times = np.zeros(0, dtype=np.int64)
NO_FLOATS: Floats = np.zeros(0)


class Searchable:
    """Integers in row order with the minimum of each block."""

    __slots__ = ("minima", "values")

    def __init__(self, values: Ticks) -> None:
        self.values = values
        starts = np.arange(0, len(values), BLOCK)
        self.minima: list[int] = np.minimum.reduceat(values, starts).tolist() if len(values) else []

    def first_at_most(self, bound: int, start: int, stop: int) -> int:
        """The first row in [start, stop) whose value is `bound` or less, or `stop`."""
        if start >= stop:
            return stop
        minima = self.minima
        for block in range(start // BLOCK, (stop + BLOCK - 1) // BLOCK):
            if minima[block] <= bound:
                low, high = max(start, block * BLOCK), min(stop, (block + 1) * BLOCK)
                found = self.values[low:high] <= bound
                first = int(found.argmax())
                if found[first]:
                    return low + first
        return stop


class SideView:
    """The recording as a resting order of one side sees it, prices multiplied by the side so that lower is nearer to a fill.

    `against` is the opposite quote (an ask below a bid order has gone through it), `own` the quote of its own side (at or below
    its price, the order is at the front), `traded` the trades' prices.
    """

    __slots__ = ("against", "own", "own_size", "traded")

    def __init__(self, side: int, bid: Ticks, ask: Ticks, bid_size: Floats, ask_size: Floats, price: Ticks) -> None:
        against, own = (ask, bid) if side == BUY else (-bid, -ask)
        self.against, self.own = Searchable(against), Searchable(own)
        self.own_size = bid_size if side == BUY else ask_size
        self.traded = Searchable(side * price)


class Recording:
    """A window on one instrument's quotes and trades. `loaded_ns` tells up to which time everything is in it."""

    def __init__(self, instrument: Instrument) -> None:
        self._tick = float(instrument.tick)
        self.quote_base = self.trade_base = 0
        """Absolute numbers of the first rows of the window."""
        self.loaded_ns = -1
        self.quote_ns, self.trade_ns = NO_TIMES, NO_TIMES
        self.bid, self.bid_size, self.ask, self.ask_size = NO_FLOATS, NO_FLOATS, NO_FLOATS, NO_FLOATS
        self.price, self.size, self.taker = NO_FLOATS, NO_FLOATS, NO_FLOATS
        self._views: dict[int, SideView] = {}
        self._marks: dict[int, Searchable] = {}

    def append(self, quotes: Any, trades: Any, loaded_ns: int, keep_ns: int) -> None:
        """Add rows up to `loaded_ns`, and drop those that no longer matter at `keep_ns` (but the last quote and trade).

        `quotes` has time, bid, bid_size, ask and ask_size, `trades` time, price, size and side; None where there are none.
        """
        quote_drop = max(0, int(self.quote_ns.searchsorted(keep_ns, "right")) - 1)
        trade_drop = max(0, int(self.trade_ns.searchsorted(keep_ns, "right")) - 1)
        self.quote_base += quote_drop
        self.trade_base += trade_drop
        if quotes is not None or quote_drop:
            self.quote_ns = joined(self.quote_ns, quote_drop, quotes, "time")
            self.bid, self.ask = (
                joined(self.bid, quote_drop, quotes, "bid"),
                joined(self.ask, quote_drop, quotes, "ask"),
            )
            self.bid_size = joined(self.bid_size, quote_drop, quotes, "bid_size")
            self.ask_size = joined(self.ask_size, quote_drop, quotes, "ask_size")
        if trades is not None or trade_drop:
            self.trade_ns = joined(self.trade_ns, trade_drop, trades, "time")
            self.price, self.size = (
                joined(self.price, trade_drop, trades, "price"),
                joined(self.size, trade_drop, trades, "size"),
            )
            self.taker = joined(self.taker, trade_drop, trades, "side")
        self.loaded_ns = loaded_ns
        self._views.clear()
        self._marks.clear()

    def view(self, side: int) -> SideView:
        """Computed when first asked for: a run without resting orders never pays for it."""
        view = self._views.get(side)
        if view is None:
            bid, ask, price = self._ticks(self.bid), self._ticks(self.ask), self._ticks(self.price)
            for each in (BUY, SELL):
                self._views[each] = SideView(each, bid, ask, self.bid_size, self.ask_size, price)
            view = self._views[side]
        return view

    def marks(self, side: int) -> Searchable:
        """Mark prices in half ticks (bid + ask): as they are for side -1, which looks for a fall, negated for +1."""
        marks = self._marks.get(side)
        if marks is None:
            marks = self._marks[side] = Searchable(-side * (self._ticks(self.bid) + self._ticks(self.ask)))
        return marks

    def quote_at(self, time_ns: int) -> int:
        """Row in the window of the latest quote at a time, -1 if there is none yet."""
        return int(self.quote_ns.searchsorted(time_ns, "right")) - 1

    def trade_at(self, time_ns: int) -> int:
        """Row in the window of the latest trade at a time, -1 if there is none yet."""
        return int(self.trade_ns.searchsorted(time_ns, "right")) - 1

    def _ticks(self, prices: Floats) -> Ticks:
        return np.rint(prices / self._tick).astype(np.int64)


def joined(old: NDArray[Any], drop: int, new: Any, column: str) -> NDArray[Any]:
    """`old` without its first rows, then the new rows' column."""
    kept = old[drop:]
    if new is None:
        return kept.copy()
    added = getattr(new, column)
    return np.concatenate((kept, added)) if len(kept) else added
