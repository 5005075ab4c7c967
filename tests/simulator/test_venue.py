"""What a bot gets back from a simulated venue: every unified call, every field, and every way to be told no."""

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.worlds import MS, SELL, S, Trader, linear, recorded, spot
from ticklink.model.requests import (
    AmendOrder,
    CallEndpoint,
    CancelOrder,
    CreateOrder,
    FetchBalances,
    FetchCandles,
    FetchOpenOrders,
    FetchPositions,
    RateLimits,
    Reply,
    Request,
)
from ticklink.simulator.models import Fees
from ticklink.simulator.rules import BITMEX, COINBASE, Rules
from ticklink.simulator.venue import Budget, SimulatedVenue

V = "BitMEX"
T0 = 1_700_000_000_000 * MS
T0_MS = T0 // MS


class Candles:
    """A candles.CandleSource that gives back what it was asked."""

    def rows(self, sym: str, level: str, since_ms: int | None, now_ms: int, count: int) -> list[dict[str, Any]]:
        return [{"sym": sym, "level": level, "since": since_ms, "now": now_ms, "count": count}]


class Face:
    """A native face that answers what it is told to."""

    def __init__(self, status: int, body: Any) -> None:
        self.answer = status, body
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def handle(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append((method, path, params))
        return self.answer


class World:
    """A venue with a linear perpetual at 100 x 5 / 102 x 5 ticks (50 / 51 USDT) and a spot market at the same."""

    def __init__(
        self, *, rules: Rules = BITMEX, deposits: dict[str, int] | None = None, face: Face | None = None
    ) -> None:
        quotes, trades = [(T0, 100, 5, 102, 5)], [(T0 + 10 * S, SELL, 100, 7)]
        markets = [recorded(instrument, quotes, trades) for instrument in (linear(), spot(min_notional=Decimal("1")))]
        self.trader = Trader(
            *markets,
            rules=rules,
            deposits=deposits or {"USDT": 1_000_000_000, "XBT": 50_000_000},
            fees=Fees(Decimal("0.0002"), Decimal("0.0005")),
            start_ns=T0,
        )
        self.exchange = self.trader.exchange
        self.venue = SimulatedVenue(self.exchange, Candles(), face)

    def ask(self, request: Request) -> Reply:
        return self.venue.handle(request)

    def data(self, request: Request) -> Any:
        reply = self.ask(request)
        assert reply.failure is None, reply.failure
        return reply.data

    def no(self, request: Request) -> tuple[str, str]:
        reply = self.ask(request)
        assert reply.failure is not None
        assert reply.data is None
        return reply.failure.kind, reply.failure.message


def limit(side: str = "Buy", size: float = 400, price: float = 50.0, sym: str = "XBTUSDT", **terms: Any) -> CreateOrder:
    return CreateOrder(V, sym, side, size, price, **terms)


def market(side: str = "Buy", size: float = 300, sym: str = "XBTUSDT", **terms: Any) -> CreateOrder:
    return CreateOrder(V, sym, side, size, is_market=True, **terms)


@pytest.fixture
def world() -> World:
    return World()


# Orders


def test_a_limit_order_that_rests(world: World) -> None:
    reply = world.ask(limit(client_order_id="mine"))
    assert (reply.src, reply.venue, reply.failure, reply.venue_id) == ("bitmex", V, None, None)
    order_id = next(iter(world.exchange.orders))
    assert reply.data == {
        "sym": "XBTUSDT",
        "side": "Buy",
        "order_price": 50.0,
        "order_size": 400.0,
        "remain_size": 400.0,
        "order_type": "LIMIT",
        "time": T0_MS,
        "order_id": order_id,
        "client_order_id": "mine",
        "status": "New",
    }


def test_a_market_order_shows_its_average_price(world: World) -> None:
    row = world.data(market(size=700))
    assert row == {
        "sym": "XBTUSDT",
        "side": "Buy",
        "order_price": (51.0 * 5 + 51.5 * 2) / 7,
        "order_size": 700.0,
        "remain_size": 0.0,
        "order_type": "MARKET",
        "time": T0_MS,
        "order_id": row["order_id"],
        "client_order_id": "",
        "status": "Filled",
    }


@pytest.mark.parametrize(
    ("request_", "status", "remain"),
    [
        (limit(price=51.0, size=800), "PartiallyFilled", 300.0),
        (limit(price=51.0, size=800, time_in_force="IOC"), "Canceled", 0.0),
        (limit(price=51.0, size=800, time_in_force="FOK"), "Canceled", 0.0),
        (limit(price=51.0, size=500, time_in_force="FOK"), "Filled", 0.0),
        (limit(price=51.0, post_only=True), "Canceled", 0.0),
        (limit(price=50.5, post_only=True), "New", 400.0),
        (limit(side="Sell", price=55.0, reduce_only=True), "Canceled", 0.0),
    ],
)
def test_what_becomes_of_an_order(world: World, request_: CreateOrder, status: str, remain: float) -> None:
    row = world.data(request_)
    assert (row["status"], row["remain_size"], row["order_size"]) == (status, remain, request_.size)


def test_open_orders_are_listed_in_the_order_of_entry(world: World) -> None:
    rows = [world.data(limit(price=price)) for price in (49.0, 50.0, 48.5)]
    assert world.data(FetchOpenOrders(V)) == rows


def test_cancelling_one_order(world: World) -> None:
    placed = world.data(limit())
    world.trader.at(T0 + S)
    rows = world.data(CancelOrder(V, order_id=placed["order_id"]))
    assert rows == [{**placed, "remain_size": 0.0, "status": "Canceled", "time": T0_MS + 1000}]
    assert world.data(FetchOpenOrders(V)) == []


def test_cancelling_by_symbol_or_all(world: World) -> None:
    perpetual, on_spot = world.data(limit()), world.data(limit(sym="XBT_USDT", size=10_000_000))
    world.data(market())
    assert [row["order_id"] for row in world.data(CancelOrder(V, sym="XBT_USDT"))] == [on_spot["order_id"]]
    again = world.data(limit(sym="XBT_USDT", size=10_000_000))
    assert [row["order_id"] for row in world.data(CancelOrder(V))] == [perpetual["order_id"], again["order_id"]]
    assert world.data(CancelOrder(V)) == []


@pytest.mark.parametrize(
    ("change", "price", "size"),
    [({"size": 200.0}, 50.0, 200.0), ({"price": 49.5}, 49.5, 400.0), ({"price": 49.0, "size": 600}, 49.0, 600.0)],
)
def test_amending_price_size_or_both(world: World, change: dict[str, float], price: float, size: float) -> None:
    placed = world.data(limit())
    row = world.data(AmendOrder(V, placed["order_id"], **change))
    assert row == {**placed, "order_price": price, "order_size": size, "remain_size": size}


# Positions, balances, candles


def test_a_position(world: World) -> None:
    world.data(market(side="Sell", size=300))
    position = world.exchange.account.positions["XBTUSDT"]
    world.trader.at(T0 + 5 * S)
    assert world.data(FetchPositions(V)) == [
        {
            "sym": "XBTUSDT",
            "side": "Sell",
            "entry_price": 50.0,
            "liq_price": world.exchange.account.liquidation_price("XBTUSDT"),
            "pos_size": -300.0,
            "mark_price": 50.5,
            "time": T0_MS + 5000,
        }
    ]
    assert position.lots == -3
    world.data(market(side="Buy", size=300))
    assert world.data(FetchPositions(V)) == []


def test_balances_are_wallets_in_whole_units(world: World) -> None:
    assert world.data(FetchBalances(V)) == [{"asset": "USDT", "amount": 1000.0}, {"asset": "XBT", "amount": 0.5}]
    world.data(market(sym="XBT_USDT", size=70_000))
    amounts = {row["asset"]: row["amount"] for row in world.data(FetchBalances(V))}
    # 5 lots of 0.0001 XBT at 51 USDT, 2 at 51.5, and 0.05 % of that
    assert amounts == {"USDT": 1000 - 0.0358 - 0.000018, "XBT": 0.5007}


def test_candles_are_asked_for_as_of_now(world: World) -> None:
    world.trader.at(T0 + S)
    asked = {"sym": "XBTUSDT", "level": "1h", "since": None, "now": T0_MS + 1000, "count": 1000}
    assert world.data(FetchCandles(V, "XBTUSDT", "1h")) == [asked]
    assert world.data(FetchCandles(V, "XBTUSDT", "1h", 5)) == [{**asked, "since": 5}]


# Refusals: our own checks


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (limit(sym="NOPE"), "BitMEX has no market 'NOPE' in this run; its markets are: XBTUSDT, XBT_USDT"),
        (FetchCandles(V, "NOPE"), "BitMEX has no market 'NOPE' in this run; its markets are: XBTUSDT, XBT_USDT"),
        (CancelOrder(V, sym="NOPE"), "BitMEX has no market 'NOPE' in this run; its markets are: XBTUSDT, XBT_USDT"),
        (FetchCandles(V, "XBTUSDT", since="now"), "since must be a time in epoch milliseconds, not 'now'"),  # type: ignore[arg-type]
        (limit(side="buy"), "side must be 'Buy' or 'Sell', not 'buy'"),
        (limit(price=50.3), "price 50.3 is not a multiple of the tick 0.5 of bitmex XBTUSDT; nearest: 50 or 50.5"),
        (limit(size=450), "size 450 is not a multiple of the lot 100 of bitmex XBTUSDT; nearest: 400 or 500"),
        (limit(price=-1.0), "a price or size must be a positive finite number, not -1.0"),
        (limit(time_in_force="DAY"), "time_in_force must be one of GTC, IOC, FOK, not 'DAY'"),
        (market(post_only=True), "post_only goes with limit orders that rest: not with market orders, IOC or FOK"),
        (limit(sym="XBT_USDT", size=10_000), "price x size is 0.005 USDT; bitmex XBT_USDT wants at least 1"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: World, request_: Request, message: str) -> None:
    assert world.no(request_) == ("refused", message)
    assert world.exchange.orders == {}


def test_amending_needs_something_to_amend(world: World) -> None:
    placed = world.data(limit())
    assert world.no(AmendOrder(V, placed["order_id"])) == (
        "refused",
        "amend_order needs a new size, a new price, or both",
    )


def test_a_market_order_has_no_price_to_amend(world: World) -> None:
    placed = world.data(market())
    kind, message = world.no(AmendOrder(V, placed["order_id"], price=50.0))
    assert (kind, message) == ("refused", f"order {placed['order_id']} is a market order; it has no price to amend")


# Rejections: the venue's own


def test_an_unknown_order_cannot_be_cancelled_or_amended(world: World) -> None:
    expected = ("rejected", "Not Found: no order 'x' at BitMEX")
    assert world.no(CancelOrder(V, order_id="x")) == expected
    assert world.no(AmendOrder(V, "x", size=100)) == expected


def test_a_done_order_cannot_be_cancelled_or_amended(world: World) -> None:
    placed = world.data(market())
    expected = ("rejected", "Unable to cancel order due to existing state: Filled")
    assert world.no(CancelOrder(V, order_id=placed["order_id"])) == expected
    assert world.no(AmendOrder(V, placed["order_id"], size=100)) == ("rejected", "Invalid ordStatus")


def test_an_order_that_cannot_be_backed_is_rejected_in_the_venues_words() -> None:
    poor = World(deposits={"USDT": 100})
    kind, message = poor.no(limit())
    assert (kind, message) == ("rejected", "Account has insufficient Available Balance, 220 USDt required")
    assert poor.exchange.orders == {}
    assert poor.trader.held == {"USDT": 0}


def test_a_venue_that_rejects_post_only_orders_says_so() -> None:
    world = World(rules=COINBASE)
    assert world.no(limit(price=51.0, post_only=True)) == ("rejected", "post only")
    assert COINBASE.insufficient == "Insufficient funds"


def test_a_client_order_id_cannot_be_used_twice(world: World) -> None:
    world.data(limit(client_order_id="a"))
    assert world.no(limit(client_order_id="a")) == ("rejected", "Duplicate clOrdID")


# Native calls


def test_a_native_call_reaches_the_face_and_carries_the_venue() -> None:
    face = Face(200, [{"a": 1}])
    reply = World(face=face).ask(CallEndpoint(V, "order", "private", "post", {"symbol": "XBTUSD"}))
    assert (reply.data, reply.venue_id, reply.failure) == ([{"a": 1}], V, None)
    assert face.asked == [("POST", "order", {"symbol": "XBTUSD"})]


@pytest.mark.parametrize("body", [{"error": {"message": "Not Found", "name": "HTTPError"}}, {"message": "Not Found"}])
def test_a_native_error_is_a_rejection(body: dict[str, Any]) -> None:
    world = World(face=Face(404, body))
    assert world.no(CallEndpoint(V, "order", "private")) == ("rejected", "Not Found")


def test_native_calls_need_a_face_and_a_version(world: World) -> None:
    assert world.no(CallEndpoint(V, "order", "v1")) == ("refused", "version must be 'public' or 'private', not 'v1'")
    expected = "native calls to bitmex are not simulated yet; use the unified calls"
    assert world.no(CallEndpoint(V, "order", "public")) == ("refused", expected)


# The request budget


def test_the_budget_is_spent_and_refills_with_time() -> None:
    budget = Budget(60)
    for after, limits in ((0, (59, 2)), (0, (58, 3)), (2, (59, 4))):
        budget.spend(T0 + after * S)
        assert budget.limits(T0 + after * S) == RateLimits(limits[0], T0 // S + limits[1])
    assert budget.exceeded == 0


def test_a_budget_can_be_booked_ahead_up_to_a_limit() -> None:
    budget = Budget(60)
    assert [budget.book(T0, 2 * S) for _ in range(60)] == [0] * 60
    assert [budget.book(T0, 2 * S) for _ in range(3)] == [S, 2 * S, 3 * S]
    assert budget.book(T0 + S, 2 * S) == 2 * S
    assert budget.limits(T0 + S).remaining == 0


def test_requests_over_the_budget_are_counted_and_answered_all_the_same(world: World) -> None:
    replies = [world.ask(FetchOpenOrders(V)) for _ in range(125)]
    limits = [reply.rate_limits for reply in replies]
    assert limits[0] == RateLimits(119, T0 // S + 1)
    assert limits[-1] == RateLimits(0, T0 // S + 61)
    assert world.venue.over_budget == 5
    assert all(reply.data == [] for reply in replies)


def test_refusals_spend_the_budget_too(world: World) -> None:
    world.ask(limit(side="buy"))
    reply = world.ask(FetchOpenOrders(V))
    assert reply.rate_limits is not None
    assert reply.rate_limits.remaining == 118


def test_an_asset_nobody_knows_has_eight_decimals(world: World) -> None:
    assert [world.venue.scale(asset) for asset in ("USDT", "XBT", "DOGE")] == [6, 8, 8]


def test_where_a_venue_has_no_amendment_the_order_is_cancelled_and_placed_anew() -> None:
    world = World(rules=COINBASE)
    first = world.data(limit())
    second = world.data(AmendOrder(V, first["order_id"], price=49.5, size=300))
    assert second["order_id"] != first["order_id"]
    assert (second["order_price"], second["order_size"], second["status"]) == (49.5, 300.0, "New")
    assert [row["order_id"] for row in world.data(FetchOpenOrders(V))] == [second["order_id"]]
    assert world.no(AmendOrder(V, first["order_id"], price=49.0)) == ("rejected", "Order already done")
