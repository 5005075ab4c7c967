"""The order book against a naive reference: a plain list of all orders, searched anew for every answer."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ticklink.simulator.matching import Book, Resting

SIDES = st.sampled_from((1, -1))
PRICES = st.integers(-6, 6)
LIMITS = st.none() | PRICES
LOTS = st.integers(1, 12)


@dataclass
class Naive:
    """One order of the reference. Its place in the list is its time."""

    number: int
    side: int
    ticks: int
    lots: int


def in_priority(orders: list[Naive], side: int) -> list[Naive]:
    return sorted(
        (order for order in orders if order.side == side), key=lambda order: (-order.side * order.ticks, order.number)
    )


def acceptable(orders: list[Naive], side: int, limit: int | None) -> list[Naive]:
    return [o for o in in_priority(orders, -side) if limit is None or (limit - o.ticks) * side >= 0]


def take(orders: list[Naive], side: int, limit: int | None, lots: int) -> list[tuple[int, int, int, bool]]:
    matches = []
    for order in acceptable(orders, side, limit):
        taken = min(lots, order.lots)
        if taken == 0:
            break
        lots, order.lots = lots - taken, order.lots - taken
        matches.append((order.number, order.ticks, taken, order.lots == 0))
    orders[:] = [order for order in orders if order.lots]
    return matches


class BookAgainstList(RuleBasedStateMachine):
    """Every step does the same to both; every invariant compares all that can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.orders: list[Naive] = []
        self.resting: dict[int, Resting] = {}
        self.lots_in = self.lots_out = self.count = 0

    @rule(side=SIDES, ticks=PRICES, lots=LOTS)
    def rest(self, side: int, ticks: int, lots: int) -> None:
        if acceptable(self.orders, side, ticks):
            with pytest.raises(ValueError, match="would cross"):
                self.book.rest(side, ticks, lots)
            return
        self.count += 1
        self.resting[self.count] = self.book.rest(side, ticks, lots, self.count)
        self.orders.append(Naive(self.count, side, ticks, lots))
        self.lots_in += lots

    @rule(side=SIDES, limit=LIMITS, lots=st.integers(1, 60))
    def take(self, side: int, limit: int | None, lots: int) -> None:
        matches = self.book.take(side, limit, lots)
        found = [(m.maker.ref, m.ticks, m.lots, m.maker_is_done) for m in matches]
        assert found == take(self.orders, side, limit, lots)
        self.lots_out += sum(match.lots for match in matches)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        self.book.remove(self.resting[order.number])
        self.orders.remove(order)
        self.lots_out += order.lots

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def reduce(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        lots = data.draw(st.integers(1, order.lots))
        self.book.reduce(self.resting[order.number], lots)
        self.lots_out += order.lots - lots
        order.lots = lots

    @rule(side=SIDES, limit=LIMITS, at_most=st.integers(0, 60))
    def available(self, side: int, limit: int | None, at_most: int) -> None:
        lots = sum(order.lots for order in acceptable(self.orders, side, limit))
        assert self.book.available(side, limit, at_most) == min(lots, at_most)

    @invariant()
    def nothing_is_created_or_lost(self) -> None:
        resting = sum(lots for side in (1, -1) for _, lots in self.book.levels(side, 100))
        assert self.lots_in == self.lots_out + resting

    @invariant()
    def the_book_is_never_crossed(self) -> None:
        bid, ask = self.book.best_bid(), self.book.best_ask()
        assert bid is None or ask is None or bid < ask

    @invariant()
    def levels_depth_and_best_prices_agree_with_the_list(self) -> None:
        for side, best in ((1, self.book.best_bid()), (-1, self.book.best_ask())):
            lots: dict[int, int] = {}
            for order in in_priority(self.orders, side):
                lots[order.ticks] = lots.get(order.ticks, 0) + order.lots
            assert self.book.levels(side, 100) == list(lots.items())
            assert self.book.levels(side, 2) == list(lots.items())[:2]
            assert best == next(iter(lots), None)
            assert all(self.book.depth(side, ticks) == lots.get(ticks, 0) for ticks in range(-6, 7))

    @invariant()
    def every_order_knows_what_is_ahead(self) -> None:
        for order in self.orders:
            queue = [
                o for o in self.orders if (o.side, o.ticks) == (order.side, order.ticks) and o.number < order.number
            ]
            assert self.book.ahead(self.resting[order.number]) == sum(o.lots for o in queue)
            assert self.resting[order.number].lots == order.lots


BookAgainstList.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBookAgainstList = BookAgainstList.TestCase
