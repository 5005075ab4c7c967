"""What an order costs at the simulated exchange: `python benchmarks/exchange.py`.

Every figure is the best of several runs, in microseconds per operation, beside the same count of a bare baseline: building an
object of an order's size, keeping it in a dict and a heap, and dropping it again. The ratio holds across machines.
"""

import gc
import heapq
from collections.abc import Callable
from decimal import Decimal
from time import process_time

import numpy as np

from ticklink.model.instruments import Instrument
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account
from ticklink.simulator.exchange import Exchange, Fill, Ticket
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import Fees, Funding, Queue
from ticklink.simulator.orders import Order
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import BITMEX
from ticklink.storage.columns import Quotes, Trades

MS = 1_000_000
EVENT_NS = 20 * MS
RUNS = 5

XBTUSD = Instrument(
    src="bitmex",
    sym="XBTUSD",
    kind="inverse",
    base="XBT",
    quote="USD",
    settle="XBT",
    tick=Decimal("0.5"),
    lot=Decimal(100),
    maker_fee=Decimal("-0.00025"),
    taker_fee=Decimal("0.00075"),
    initial_margin=Decimal("0.01"),
    maintenance_margin=Decimal("0.005"),
    funding_interval_h=8,
)


class Silent:
    """A listener that leaves out what a replay would do with reports."""

    def order_changed(self, order: Order, time_ns: int) -> None: ...

    def filled(self, fill: Fill) -> None: ...

    def position_changed(self, position: Position, time_ns: int) -> None: ...


def tape(events: int) -> tuple[Quotes, Trades]:
    """A random walk of quotes, one every 20 ms, and a trade after every third."""
    random = np.random.default_rng(7)
    bid = 128_000.0 + np.cumsum(random.integers(-1, 2, events)).astype(np.float64)
    time_ns = np.arange(1, events + 1, dtype=np.int64) * EVENT_NS
    sizes = random.integers(1, 50, (2, events)) * 100.0
    quotes = Quotes(time_ns, bid * 0.5, sizes[0], (bid + 1) * 0.5, sizes[1])
    rows = np.arange(0, events, 3)
    side = random.choice(np.array([-1, 1], dtype=np.int8), len(rows))
    price = np.where(side > 0, quotes.ask[rows], quotes.bid[rows]).astype(np.float64)
    size = random.integers(1, 30, len(rows)).astype(np.float64) * 100.0
    trades = Trades(time_ns[rows] + MS, price, size, side)
    return quotes, trades


def exchange_on(events: int, deposit: int = 10**13) -> Exchange:
    exchange = Exchange(
        Account("BitMEX", "bitmex", {"XBT": deposit}), BITMEX, Silent(), fees=Fees(), funding=Funding(Decimal(0))
    )
    market = ReplayedMarket(XBTUSD, Queue(), lambda: NEVER)
    market.recording.append(*tape(events), NEVER, -1)
    exchange.add_market(market)
    exchange.advance(EVENT_NS)
    exchange.mark_ticks("XBTUSD")
    return exchange


def bid_of(exchange: Exchange) -> int:
    market = exchange.seats["XBTUSD"].market
    market.move_to(exchange.now_ns)
    bid, _ = market.best()
    assert bid is not None
    return bid


def events_of(exchange: Exchange, count: int, act: Callable[[int, int], None]) -> float:
    """Seconds to act once per event, given its number and the bid."""
    start = process_time()
    for number in range(2, count + 2):
        exchange.advance(number * EVENT_NS)
        act(number, bid_of(exchange))
    return process_time() - start


def nothing(count: int) -> float:
    return events_of(exchange_on(count + 1000), count, lambda _number, _bid: None)


def place_and_cancel(count: int, *, behind: int) -> float:
    """A resting limit order `behind` ticks behind the bid, cancelled at once."""
    exchange = exchange_on(count + 1000)

    def act(_number: int, bid: int) -> None:
        exchange.cancel(exchange.place(Ticket("XBTUSD", 1, "Limit", 1, bid - behind)))

    return events_of(exchange, count, act)


def cancel(count: int) -> float:
    """Cancelling alone, a hundred orders at a time."""
    exchange = exchange_on(2000)
    spent = 0.0
    for _ in range(count // 100):
        orders = [exchange.place(Ticket("XBTUSD", 1, "Limit", 1, bid_of(exchange) - 1)) for _ in range(100)]
        start = process_time()
        for order in orders:
            exchange.cancel(order)
        spent += process_time() - start
    return spent


def market_orders(count: int) -> float:
    """Buying and selling in turn, each filled at the best price."""
    exchange = exchange_on(count + 1000)
    tickets = Ticket("XBTUSD", 1, "Market", 1), Ticket("XBTUSD", -1, "Market", 1)
    spent = events_of(exchange, count, lambda number, _bid: void(exchange.place(tickets[number & 1])))
    assert len(exchange.fills) == count
    return spent


def void(_order: Order) -> None: ...


def resting(events: int, orders: int) -> float:
    """Orders that rest all along, out of the market's reach: seconds to get through the tape."""
    exchange = exchange_on(events)
    bid = bid_of(exchange)
    for number in range(orders):
        exchange.place(Ticket("XBTUSD", 1, "Limit", 1, bid - 1000 - number))
    start = process_time()
    exchange.advance(events * EVENT_NS)
    return process_time() - start


def growing(count: int) -> float:
    """A maker that only buys, one order per event, into one growing position: seconds per order."""
    exchange = exchange_on(count + 1000, deposit=10**16)
    spent = events_of(exchange, count, lambda _number, bid: quote(exchange, bid))
    assert exchange.account.positions["XBTUSD"].lots > count // 2
    return spent / count


def quote(exchange: Exchange, bid: int) -> None:
    exchange.place(Ticket("XBTUSD", 1, "Limit", 1, bid + 1))
    if len(exchange.open_orders) > 100:
        exchange.cancel(next(iter(exchange.open_orders.values())))


class Bare:
    """An object with as many attributes as an order has."""

    __slots__ = tuple(f"a{number}" for number in range(28))

    def __init__(self, value: int) -> None:
        for name in Bare.__slots__:
            setattr(self, name, value)


def bare(count: int) -> float:
    kept: dict[int, Bare] = {}
    heap: list[tuple[int, int, Bare]] = []
    start = process_time()
    for number in range(count):
        thing = kept[number] = Bare(number)
        heapq.heappush(heap, (number, number, thing))
        heapq.heappop(heap)
        del kept[number]
    return process_time() - start


def best(run: Callable[[], float]) -> float:
    gc.collect()
    gc.freeze()
    return min(run() for _ in range(RUNS))


def main(count: int = 20_000) -> None:
    base = best(lambda: bare(count)) / count
    empty = best(lambda: nothing(count)) / count
    cancelling = best(lambda: cancel(count)) / count
    both = {behind: best(lambda behind=behind: place_and_cancel(count, behind=behind)) / count for behind in (500, 0)}  # type: ignore[misc]
    figures = {
        "an event without orders, the quote looked up": empty,
        "place a limit order far behind the market": both[500] - empty - cancelling,
        "place a limit order at the bid": both[0] - empty - cancelling,
        "cancel it": cancelling,
        "a market order with its fill": best(lambda: market_orders(count)) / count - empty,
        "an event of a market with 100 resting orders": best(lambda: resting(count, 100)) / count,
        "an order of a maker who only buys, 5,000 orders": best(lambda: growing(5_000)),
        "an order of a maker who only buys, 50,000 orders": best(lambda: growing(50_000)),
    }
    print(f"{'bare baseline':52} {base * 1e6:8.2f} us")
    for name, seconds in figures.items():
        print(f"{name:52} {seconds * 1e6:8.2f} us {seconds / base:7.2f} x")


if __name__ == "__main__":
    main()
