"""How fast the order book and the synthetic market are. Run it: `python -m benchmarks.matching`.

The book is measured on three mixes of calls, each against a bare dict that keeps the same orders without queues, priority or
best prices: the price of being a book is the ratio.
"""

import random
import time
from collections.abc import Callable
from decimal import Decimal

from ticklink.model.instruments import Instrument
from ticklink.simulator.market import DEFAULT_START_NS, HOUR_NS, SyntheticMarket, generate
from ticklink.simulator.matching import Book, Resting

ORDERS = 100_000
MIXES = {"rest": (0, 0), "rest and remove": (50, 0), "rest, remove and take": (40, 15)}
"""Percent of calls that remove, and that take; the others rest."""

Call = tuple[str, int, int, int]
"""What, side, ticks, lots; for "remove", ticks is which of the orders so far."""

XBTUSD = Instrument("bitmex", "XBTUSD", "inverse", "XBT", "USD", "XBT", Decimal("0.1"), Decimal(100))


def main() -> None:
    for name, (removes, takes) in MIXES.items():
        calls = script(removes, takes)
        book, bare = ORDERS / best_of(3, play_book, calls), ORDERS / best_of(3, play_dict, calls)
        print(f"{name:22} {book:>10,.0f} calls/s   bare dict {bare:>11,.0f}   {bare / book:.1f} times as fast")
    measure_market()
    measure_generate()


def script(removes: int, takes: int) -> list[Call]:
    """Calls around a price that wanders, drawn in advance."""
    draw = random.Random(1)
    calls: list[Call] = []
    rested = 0
    for number in range(ORDERS):
        side, chance = draw.choice((1, -1)), draw.randrange(100)
        middle = 10_000 + number // 500
        if chance < removes and rested:
            calls.append(("remove", side, draw.randrange(max(0, rested - 1000), rested), 0))
        elif chance < removes + takes:
            calls.append(("take", side, 0, draw.randint(1, 30)))
        else:
            calls.append(("rest", side, middle - side * draw.randint(1, 50) - (side == -1), draw.randint(1, 20)))
            rested += 1
    return calls


def play_book(calls: list[Call]) -> None:
    book = Book()
    orders: list[Resting | None] = []
    for what, side, ticks, lots in calls:
        if what == "rest":
            opposite = book.best_ask() if side == 1 else book.best_bid()
            if opposite is not None and (ticks - opposite) * side >= 0:
                ticks = opposite - side
            orders.append(book.rest(side, ticks, lots))
        elif what == "take":
            book.take(side, None, lots)
        else:
            order = orders[ticks]
            if order is not None and order.is_resting:
                book.remove(order)


def play_dict(calls: list[Call]) -> None:
    """The same orders in a dict by number: no price, no priority; a taker pops whichever came last."""
    orders: dict[int, tuple[int, int, int]] = {}
    rested = 0
    for what, side, ticks, lots in calls:
        if what == "rest":
            orders[rested] = (side, ticks, lots)
            rested += 1
        elif what == "take":
            if orders:
                orders.popitem()
        else:
            orders.pop(ticks, None)


def best_of(times: int, play: Callable[[list[Call]], None], calls: list[Call]) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        play(calls)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure_market() -> None:
    market = SyntheticMarket(XBTUSD, price=64_000.0, seed=0, start_ns=DEFAULT_START_NS)
    start = time.perf_counter()
    events = len(market.advance(DEFAULT_START_NS + HOUR_NS))
    seconds = time.perf_counter() - start
    print(f"synthetic market       {events / seconds:>10,.0f} events/s   an hour of XBTUSD in {seconds:.2f} s")


def measure_generate() -> None:
    start = time.perf_counter()
    sizes = [(len(quotes["time"]), len(trades["time"])) for quotes, trades in generate(XBTUSD, hours=1, seed=0)]
    seconds = time.perf_counter() - start
    quotes, trades = (sum(column) for column in zip(*sizes, strict=True))
    rate = (quotes + trades) / seconds
    print(f"generated columns      {rate:>10,.0f} rows/s     {quotes:,} quotes, {trades:,} trades in {seconds:.2f} s")


if __name__ == "__main__":
    main()
