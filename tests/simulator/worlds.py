"""Small worlds for tests of the simulated exchange: instruments with round terms, recordings, an account, a log of all told."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
import numpy as np

from ticklink.model.instruments import Instrument
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account
from ticklink.simulator.exchange import Exchange, Fill, Ticket
from ticklink.simulator.markets import NEVER, Market
from ticklink.simulator.models import Fees, Funding, Queue
from ticklink.simulator.orders import Order, OrderType, TimeInForce, Trigger
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import BITMEX, Rules
from ticklink.storage.columns import Quotes, Trades

BUY, SELL = 1, -1
MS = 1_000_000
S = 1_000_000_000

NO_FUNDING = Funding(Decimal(0))
NO_FEES = Fees(Decimal(0), Decimal(0))

Quote = tuple[int, int, int, int, int]
"""time, bid ticks, bid lots, ask ticks, ask lots"""
Trade = tuple[int, int, int, int]
"""time, taker's side, ticks, lots"""


def linear(**terms: object) -> Instrument:
    """A perpetual with a tick of 0.5 USDT and lots of 100 contracts of 1e-6: a lot at a tick is worth 50 minor units."""
    instrument = Instrument(
        src="bitmex",
        sym="XBTUSDT",
        kind="linear",
        base="XBT",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.5"),
        lot=Decimal(100),
        multiplier=Decimal("0.000001"),
        settle_scale=6,
        initial_margin=Decimal("0.01"),
        maintenance_margin=Decimal("0.005"),
        funding_interval_h=8,
    )
    return msgspec.structs.replace(instrument, **terms)


def inverse(**terms: object) -> Instrument:
    """XBTUSD: a contract is 1 USD."""
    instrument = Instrument(
        src="bitmex",
        sym="XBTUSD",
        kind="inverse",
        base="XBT",
        quote="USD",
        settle="XBT",
        tick=Decimal("0.5"),
        lot=Decimal(100),
        initial_margin=Decimal("0.01"),
        maintenance_margin=Decimal("0.005"),
        funding_interval_h=8,
    )
    return msgspec.structs.replace(instrument, **terms)


def spot(**terms: object) -> Instrument:
    """XBT_USDT: sizes in 1e-8 XBT, in lots of 0.0001 XBT."""
    instrument = Instrument(
        src="bitmex",
        sym="XBT_USDT",
        kind="spot",
        base="XBT",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.5"),
        lot=Decimal(10_000),
        multiplier=Decimal("0.00000001"),
        quote_scale=6,
    )
    return msgspec.structs.replace(instrument, **terms)


def quotes_of(instrument: Instrument, rows: Sequence[Quote]) -> Quotes:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5)
    bid, bid_size, ask, ask_size = columns[:, 1:].astype(np.float64).T
    tick, lot = float(instrument.tick), float(instrument.lot)
    return Quotes(columns[:, 0].copy(), bid * tick, bid_size * lot, ask * tick, ask_size * lot)


def trades_of(instrument: Instrument, rows: Sequence[Trade]) -> Trades:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    price, size = columns[:, 2:].astype(np.float64).T
    side = columns[:, 1].astype(np.int8)
    return Trades(columns[:, 0].copy(), price * float(instrument.tick), size * float(instrument.lot), side)


def recorded(
    instrument: Instrument, quotes: Sequence[Quote], trades: Sequence[Trade] = (), queue: Queue | None = None
) -> ReplayedMarket:
    """A recorded market, all of it loaded."""
    market = ReplayedMarket(instrument, queue or Queue(), nothing_more)
    market.recording.append(quotes_of(instrument, quotes), trades_of(instrument, trades), NEVER, -1)
    return market


def nothing_more() -> int:
    return NEVER


class Told(NamedTuple):
    """What a listener was told: an order's status and what is left of it, a fill's price and size, a position's lots."""

    what: str
    time_ns: int
    about: tuple[object, ...]


class Log:
    """exchange.Listener that writes everything down."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def order_changed(self, order: Order, time_ns: int) -> None:
        self.told.append(Told("order", time_ns, (order.order_id, order.status, order.remaining)))

    def filled(self, fill: Fill) -> None:
        self.told.append(Told("fill", time_ns=fill.time_ns, about=(fill.order.order_id, fill.ticks, fill.lots)))

    def position_changed(self, position: Position, time_ns: int) -> None:
        self.told.append(Told("position", time_ns, (position.contract.sym, position.lots)))

    def of(self, what: str) -> list[tuple[object, ...]]:
        return [told.about for told in self.told if told.what == what]


class Trader:
    """An exchange with one or more markets, and short words for its orders. Sizes and prices are lots and ticks."""

    def __init__(
        self,
        *markets: Market,
        deposits: dict[str, int] | None = None,
        rules: Rules = BITMEX,
        fees: Fees = NO_FEES,
        funding: Funding = NO_FUNDING,
        start_ns: int = 0,
    ) -> None:
        self.log = Log()
        self.account = Account("BitMEX", rules.src, deposits or {"USDT": 10**15, "XBT": 10**15})
        self.exchange = Exchange(self.account, rules, self.log, fees=fees, funding=funding, start_ns=start_ns)
        for market in markets:
            self.exchange.add_market(market)
        self.sym = markets[0].instrument.sym

    def at(self, time_ns: int) -> "Trader":
        self.exchange.advance(time_ns)
        return self

    def limit(
        self,
        side: int,
        ticks: int,
        lots: int,
        *,
        sym: str | None = None,
        time_in_force: TimeInForce = "GTC",
        post_only: bool = False,
        reduce_only: bool = False,
        client_order_id: str = "",
    ) -> Order:
        ticket = Ticket(
            sym or self.sym,
            side,
            "Limit",
            lots,
            ticks,
            client_order_id=client_order_id,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
        )
        return self.exchange.place(ticket)

    def market(self, side: int, lots: int, *, sym: str | None = None, reduce_only: bool = False) -> Order:
        return self.exchange.place(Ticket(sym or self.sym, side, "Market", lots, reduce_only=reduce_only))

    def stop(
        self,
        type_: OrderType,
        side: int,
        stop_ticks: int,
        lots: int,
        *,
        ticks: int | None = None,
        trigger: Trigger = "LastPrice",
        reduce_only: bool = False,
    ) -> Order:
        ticket = Ticket(
            self.sym, side, type_, lots, ticks, stop_ticks=stop_ticks, trigger=trigger, reduce_only=reduce_only
        )
        return self.exchange.place(ticket)

    @property
    def fills(self) -> list[tuple[int, int, int, bool]]:
        """(time, ticks, lots, is maker) of every fill."""
        return [(fill.time_ns, fill.ticks, fill.lots, fill.is_maker) for fill in self.exchange.fills]

    @property
    def held(self) -> dict[str, int]:
        """What open orders hold of each asset."""
        return {asset: self.account.margin(asset).init_margin for asset in self.account.wallets}

    @property
    def position(self) -> int:
        position = self.account.positions.get(self.sym)
        return 0 if position is None else position.lots
