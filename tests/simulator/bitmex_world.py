"""A small BitMEX to call: three contracts over recordings made by hand, one account, and a listener that keeps what it is told.

XBTUSD trades once a second from T0 on; its quote is 0.5 wide around the last trade and shows 2000 contracts a side.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from ticklink.model.instruments import Instrument
from ticklink.model.positions import Position
from ticklink.model.requests import Reply, Request
from ticklink.simulator.accounts import Account
from ticklink.simulator.bitmex import BitmexFace
from ticklink.simulator.candles import CandleHistory
from ticklink.simulator.exchange import Exchange, Fill
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import Fees, Funding, Queue
from ticklink.simulator.orders import Order
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import rules_of
from ticklink.simulator.venue import SimulatedVenue
from ticklink.storage.columns import Quotes, Trades

S, MS = 1_000_000_000, 1_000_000
MINUTE = 60 * S
T0 = int(datetime(2024, 3, 4, 10, 0, tzinfo=UTC).timestamp()) * S
"""A Monday, ten o'clock."""

XBTUSD = Instrument(
    src="bitmex",
    sym="XBTUSD",
    kind="inverse",
    base="XBT",
    quote="USD",
    settle="XBT",
    tick=Decimal("0.5"),
    lot=Decimal(100),
    max_size=Decimal(10_000_000),
    max_price=Decimal(1_000_000),
    maker_fee=Decimal("-0.00025"),
    taker_fee=Decimal("0.00075"),
    initial_margin=Decimal("0.01"),
    maintenance_margin=Decimal("0.005"),
    funding_interval_h=8,
    native={
        "symbol": "XBTUSD",
        "rootSymbol": "XBT",
        "state": "Open",
        "typ": "FFWCSX",
        "volume24h": 5,
        "lastPrice": 1.0,
    },
)
ETHUSD = Instrument(
    src="bitmex",
    sym="ETHUSD",
    kind="quanto",
    base="ETH",
    quote="USD",
    settle="XBT",
    tick=Decimal("0.05"),
    lot=Decimal(1),
    multiplier=Decimal("0.000001"),
    taker_fee=Decimal("0.00075"),
    initial_margin=Decimal("0.02"),
    maintenance_margin=Decimal("0.01"),
)
XBT_USDT = Instrument(
    src="bitmex",
    sym="XBT_USDT",
    kind="spot",
    base="XBT",
    quote="USDT",
    settle="USDT",
    tick=Decimal("0.5"),
    lot=Decimal(1000),
    multiplier=Decimal("0.00000001"),
    quote_scale=6,
    taker_fee=Decimal("0.001"),
)


class Ears:
    """exchange.Listener that keeps everything it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def order_changed(self, order: Order, time_ns: int) -> None:
        self.heard.append(("order", order.status))

    def filled(self, fill: Fill) -> None:
        self.heard.append(("fill", fill.lots))

    def position_changed(self, position: Position, time_ns: int) -> None:
        self.heard.append(("position", position.lots))


class World:
    """`face` and `venue` are two doors to the same `exchange`."""

    def __init__(self, deposits: dict[str, int] | None = None) -> None:
        self.account = Account("BitMEX", "bitmex", deposits or {"XBT": 100_000_000, "USDT": 10_000_000_000}, time_ns=T0)
        self.ears = Ears()
        self.exchange = Exchange(
            self.account, rules_of("bitmex"), self.ears, fees=Fees(), funding=Funding(), start_ns=T0
        )
        self.candles = CandleHistory(T0, _no_earlier)
        self.face = BitmexFace(self.exchange, self.candles)
        self.venue = SimulatedVenue(self.exchange, self.candles, self.face)

    def add(self, instrument: Instrument, quotes: Quotes, trades: Trades) -> None:
        market = ReplayedMarket(instrument, Queue(), lambda: NEVER)
        market.recording.append(quotes, trades, NEVER, 0)
        self.exchange.add_market(market)
        self.candles.add(instrument.sym, trades)

    def call(self, method: str, path: str, **params: Any) -> Any:
        """The body of a call that must succeed."""
        status, body = self.face.handle(method, path, params)
        assert status == 200, body
        return body

    def refusal(self, method: str, path: str, **params: Any) -> tuple[int, str, str]:
        """(status, message, name) of a call that must fail."""
        status, body = self.face.handle(method, path, params)
        assert status >= 400, body
        return status, body["error"]["message"], body["error"]["name"]

    def ask(self, request: Request) -> Reply:
        """A unified call."""
        return self.venue.handle(request)

    def market(self, sym: str) -> ReplayedMarket:
        found = self.exchange.seats[sym].market
        assert isinstance(found, ReplayedMarket)
        return found

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.exchange.advance(self.exchange.now_ns + int(seconds * S))


def world(prices: list[float] | None = None, *, starts_s: int = 0, deposits: dict[str, int] | None = None) -> World:
    """XBTUSD with one trade a second at `prices` (60000 throughout where none are given), ETHUSD and spot at one price.

    XBTUSD's recording `starts_s` seconds after T0.
    """
    made = World(deposits)
    made.add(XBTUSD, *market(prices or [60_000.0] * 200, starts_ns=T0 + starts_s * S))
    made.add(ETHUSD, *market([3000.0] * 5, half_spread=0.05))
    made.add(XBT_USDT, *market([60_000.0] * 5, size=100_000_000))
    made.exchange.advance(T0)
    return made


def market(
    prices: list[float], *, half_spread: float = 0.5, size: float = 2000, starts_ns: int = T0
) -> tuple[Quotes, Trades]:
    """A quote each second around the price, and half a ms later a trade of 300 at it, buyers and sellers by turns."""
    price = np.array(prices)
    time = starts_ns + np.arange(len(prices), dtype=np.int64) * S
    shown = np.full(len(prices), float(size))
    quotes = Quotes(time, price - half_spread, shown, price + half_spread, shown)
    sides = np.where(np.arange(len(prices)) % 2, -1, 1).astype(np.int8)
    return quotes, Trades(time + MS // 2, price, np.full(len(prices), 300.0), sides)


def some(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """A row's fields of these names."""
    return {name: row[name] for name in names}


def _no_earlier(_sym: str, _first_ns: int, _end_ns: int) -> Iterator[Trades]:
    return iter(())
