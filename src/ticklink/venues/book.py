"""A price-level order book, kept from a venue's changes to give the best bid and ask."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple


class Top(NamedTuple):
    bid: float
    bid_size: float
    ask: float
    ask_size: float


class Ladder:
    """One side's sizes by price. `sign` is 1 for bids, -1 for asks: the best price has the largest signed price.

    Signed prices lie in a sorted list with the best one last: most changes come near the best price, where inserting and
    removing moves few entries. That keeps a change near a microsecond on books of thousands of levels.
    """

    def __init__(self, sign: int, levels: Iterable[tuple[float, float]] = ()) -> None:
        self._sign = sign
        self._sizes = {sign * price: size for price, size in levels if size}
        self._prices = sorted(self._sizes)

    def __len__(self) -> int:
        return len(self._prices)

    def set(self, price: float, size: float) -> None:
        """The size now resting at a price; 0 removes it."""
        key = self._sign * price
        if size:
            if key not in self._sizes:
                self._prices.insert(bisect_left(self._prices, key), key)
            self._sizes[key] = size
        elif self._sizes.pop(key, None) is not None:
            del self._prices[bisect_left(self._prices, key)]

    def best(self) -> tuple[float, float] | None:
        """Price and size of the best level; None when empty."""
        if not self._prices:
            return None
        key = self._prices[-1]
        return self._sign * key, self._sizes[key]

    def levels(self) -> list[tuple[float, float]]:
        """Best first."""
        return [(self._sign * key, self._sizes[key]) for key in reversed(self._prices)]


class Book:
    """Both sides of one market."""

    def __init__(self, bids: Iterable[tuple[float, float]] = (), asks: Iterable[tuple[float, float]] = ()) -> None:
        self.bids = Ladder(1, bids)
        self.asks = Ladder(-1, asks)

    def top(self) -> Top | None:
        """None while a side is empty."""
        bid, ask = self.bids.best(), self.asks.best()
        return None if bid is None or ask is None else Top(*bid, *ask)
