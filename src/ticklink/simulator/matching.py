"""A price-time order book in whole ticks and lots: who rests where, and who trades with whom.

Pure: no clock, no accounts, no order lifecycle. Time in force, post-only, reduce-only and stops are decided above, in
terms of `available`, `take` and `rest`. A side is +1 (buy, bid) or -1 (sell, ask).

Within a price the orders form a linked list, so that joining, leaving and being matched cost the same however long the
queue is. The prices of a side lie in a sorted list, the best one last: a new or emptied price at the touch moves
nothing, one further off moves machine words.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, Self


class Resting:
    """An order that rests in a book: a caller's, or an anonymous one of the background.

    `lots` is what is left of it: 0 once it is matched in full, and what was left at the time once it is removed. `ref`
    is the caller's own; the book never looks at it.
    """

    __slots__ = ("_behind", "_front", "_level", "lots", "ref", "side", "ticks")

    def __init__(self, side: int, ticks: int, lots: int, ref: object = None) -> None:
        self.side = side
        self.ticks = ticks
        self.lots = lots
        self.ref = ref
        self._level: _Level | None = None
        self._front: Self | None = None
        self._behind: Self | None = None

    @property
    def is_resting(self) -> bool:
        """Still in its book: neither matched in full nor removed."""
        return self._level is not None

    def __repr__(self) -> str:
        return f"Resting(side={self.side:+d}, ticks={self.ticks}, lots={self.lots}, ref={self.ref!r})"


class Match(NamedTuple):
    """What a taker took from one resting order."""

    maker: Resting
    ticks: int
    lots: int
    maker_is_done: bool


class Book:
    """An order book with price-time priority. It is never crossed.

    Prices and lots are integers; lots are positive, and a price may be any integer (calendar spreads go below zero).
    Calls on an order that does not rest in this book, and numbers that make no sense, raise ValueError.
    """

    __slots__ = ("_asks", "_bids")

    def __init__(self) -> None:
        self._bids = _Half(1)
        self._asks = _Half(-1)

    def best_bid(self) -> int | None:
        """The highest price bid, in ticks."""
        keys = self._bids.keys
        return keys[-1] if keys else None

    def best_ask(self) -> int | None:
        """The lowest price asked, in ticks."""
        keys = self._asks.keys
        return -keys[-1] if keys else None

    def depth(self, side: int, ticks: int) -> int:
        """The lots that rest at a price."""
        level = self._half(side).levels.get(ticks)
        return 0 if level is None else level.lots

    def levels(self, side: int, count: int) -> list[tuple[int, int]]:
        """Up to `count` prices of a side with the lots that rest there, the best first."""
        half = self._half(side)
        return [(level.ticks, level.lots) for level, _ in zip(half.best_first(), range(count), strict=False)]

    def queue(self, side: int, ticks: int) -> list[Resting]:
        """The orders that rest at a price, oldest first."""
        level = self._half(side).levels.get(ticks)
        orders: list[Resting] = []
        order = None if level is None else level.first
        while order is not None:
            orders.append(order)
            order = order._behind
        return orders

    def available(self, side: int, limit_ticks: int | None, at_most: int) -> int:
        """The lots, up to `at_most`, that a taker of `side` could take now at `limit_ticks` (None: any) or better."""
        found = 0
        for level in self._half(-side).best_first():
            if found >= at_most or _is_beyond(side, level.ticks, limit_ticks):
                break
            found += level.lots
        return min(found, at_most)

    def take(self, side: int, limit_ticks: int | None, lots: int) -> list[Match]:
        """A taker of `side` takes up to `lots` at `limit_ticks` (None: any) or better.

        Returns its matches in the order they came about: the best price first, at a price the oldest order first.
        """
        half = self._half(-side)
        matches: list[Match] = []
        while lots > 0 and half.keys:
            level = half.levels[half.keys[-1] * half.side]
            if _is_beyond(side, level.ticks, limit_ticks):
                break
            lots = level.match(lots, matches)
            if level.first is None:
                half.drop(level)
        return matches

    def rest(self, side: int, ticks: int, lots: int, ref: object = None) -> Resting:
        """Join the queue at a price, behind everyone there. Raises ValueError where that would cross the book."""
        if lots <= 0:
            raise ValueError(f"an order of {lots} lots cannot rest; it takes at least 1")
        opposite = self.best_ask() if side == 1 else self.best_bid()
        if opposite is not None and not _is_beyond(side, opposite, ticks):
            raise ValueError(
                f"resting side {side:+d} at {ticks} ticks would cross the best opposite price, {opposite}; take first"
            )
        resting = Resting(side, ticks, lots, ref)
        self._half(side).level(ticks).join(resting)
        return resting

    def remove(self, resting: Resting) -> None:
        """Take an order out of the book, whatever is left of it."""
        half, level = self._place(resting)
        level.lots -= resting.lots
        level.unlink(resting)
        if level.first is None:
            half.drop(level)

    def reduce(self, resting: Resting, lots: int) -> None:
        """Bring an order down to `lots`; it keeps its place in the queue."""
        _, level = self._place(resting)
        if not 0 < lots <= resting.lots:
            raise ValueError(f"{resting} can be reduced to between 1 and {resting.lots} lots, not to {lots}")
        level.lots -= resting.lots - lots
        resting.lots = lots

    def ahead(self, resting: Resting) -> int:
        """The lots in front of an order at its own price. Walks the queue."""
        self._place(resting)
        lots, other = 0, resting._front
        while other is not None:
            lots, other = lots + other.lots, other._front
        return lots

    def _half(self, side: int) -> "_Half":
        if side == 1:
            return self._bids
        if side == -1:
            return self._asks
        raise ValueError(f"a side is +1 or -1, not {side!r}")

    def _place(self, resting: Resting) -> "tuple[_Half, _Level]":
        half, level = self._half(resting.side), resting._level
        if level is None or half.levels.get(resting.ticks) is not level:
            raise ValueError(f"{resting} does not rest in this book")
        return half, level


def _is_beyond(side: int, ticks: int, limit_ticks: int | None) -> bool:
    """A price that a taker of `side` with this limit does not accept."""
    return limit_ticks is not None and (ticks - limit_ticks) * side > 0


class _Level:
    """The queue at one price, oldest first."""

    __slots__ = ("first", "last", "lots", "ticks")

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self.lots = 0
        self.first: Resting | None = None
        self.last: Resting | None = None

    def join(self, resting: Resting) -> None:
        self.lots += resting.lots
        resting._level, resting._front = self, self.last
        if self.last is None:
            self.first = resting
        else:
            self.last._behind = resting
        self.last = resting

    def match(self, lots: int, matches: list[Match]) -> int:
        """Match up to `lots` from the front of the queue; returns the lots that found no partner here."""
        while lots > 0 and (maker := self.first) is not None:
            taken = min(lots, maker.lots)
            lots -= taken
            self.lots -= taken
            maker.lots -= taken
            is_done = maker.lots == 0
            if is_done:
                self.unlink(maker)
            matches.append(Match(maker, self.ticks, taken, is_done))
        return lots

    def unlink(self, resting: Resting) -> None:
        front, behind = resting._front, resting._behind
        if front is None:
            self.first = behind
        else:
            front._behind = behind
        if behind is None:
            self.last = front
        else:
            behind._front = front
        resting._level = resting._front = resting._behind = None


class _Half:
    """One side of a book. `keys` holds side x ticks, ascending: the best price of either side is the last."""

    __slots__ = ("keys", "levels", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.keys: list[int] = []
        self.levels: dict[int, _Level] = {}

    def best_first(self) -> Iterator[_Level]:
        return (self.levels[key * self.side] for key in reversed(self.keys))

    def level(self, ticks: int) -> _Level:
        """The queue at a price, opened if there is none."""
        level = self.levels.get(ticks)
        if level is None:
            level = self.levels[ticks] = _Level(ticks)
            key = ticks * self.side
            self.keys.insert(bisect_left(self.keys, key), key)
        return level

    def drop(self, level: _Level) -> None:
        """Close a queue that has emptied."""
        del self.levels[level.ticks]
        if self.keys[-1] == level.ticks * self.side:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, level.ticks * self.side)]
