"""The life of an order, rule by rule, the same in a recording and in a real book."""

import pytest

from tests.simulator.kinds import KINDS, Make, Script
from tests.simulator.worlds import BUY, MS, SELL, S, Trader, inverse, linear, spot
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.simulator.exchange import Ticket
from ticklink.simulator.orders import OrderType
from ticklink.simulator.rules import COINBASE, WOO, Rejected, Rules

DAY = 86_400 * S

QUIET: Script = ([(10, 100, 5, 102, 5)], [])
"""100 x 5 bid, 102 x 5 asked, and nothing happens."""


@pytest.fixture(params=list(KINDS))
def make(request: pytest.FixtureRequest) -> Make:
    return KINDS[request.param]


def world(make: Make, script: Script = QUIET, *, rules: Rules | None = None) -> Trader:
    market = make(linear(), script)
    return (Trader(market) if rules is None else Trader(market, rules=rules)).at(20)


# Taking


def test_a_market_order_takes_the_best_price_as_taker(make: Make) -> None:
    trader = world(make)
    order = trader.market(BUY, 3)
    assert (order.status, order.filled, order.remaining, order.average_price, order.closed_ns) == (
        "Filled",
        3,
        0,
        51.0,
        20,
    )
    assert trader.fills == [(20, 102, 3, False)]
    assert trader.position == 3


def test_a_crossing_limit_order_takes_at_the_better_price_and_rests_with_the_remainder(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 102, 8)
    assert (order.status, order.filled, order.remaining) == ("PartiallyFilled", 5, 3)
    assert trader.fills == [(20, 102, 5, False)]
    assert trader.exchange.open_orders == {order.order_id: order}


def test_an_order_that_does_not_cross_rests(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 101, 4)
    assert (order.status, order.filled, order.remaining, order.is_open) == ("New", 0, 4, True)
    assert trader.log.of("order") == [(order.order_id, "New", 4)]


def test_what_was_taken_is_not_there_again(make: Make) -> None:
    trader = world(make)
    trader.limit(BUY, 102, 4, time_in_force="IOC")
    second = trader.limit(BUY, 102, 4, time_in_force="IOC")
    assert (second.filled, second.status) == (1, "Canceled")


# Time in force and post-only


def test_ioc_cancels_what_it_cannot_take(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 102, 8, time_in_force="IOC")
    assert (order.status, order.filled, order.lots) == ("Canceled", 5, 8)
    assert order.text == "Canceled: Order had timeInForce of ImmediateOrCancel"
    assert not trader.exchange.open_orders


def test_fok_takes_all_or_nothing(make: Make) -> None:
    trader = world(make)
    assert trader.limit(BUY, 102, 6, time_in_force="FOK").text == "Canceled: Order had timeInForce of FillOrKill"
    assert trader.fills == []
    assert trader.limit(BUY, 102, 5, time_in_force="FOK").status == "Filled"


@pytest.mark.parametrize(("ticks", "status"), [(101, "New"), (102, "Canceled"), (103, "Canceled")])
def test_post_only_never_takes(make: Make, ticks: int, status: str) -> None:
    trader = world(make)
    order = trader.limit(BUY, ticks, 1, post_only=True)
    assert order.status == status
    assert trader.fills == []


@pytest.mark.parametrize(
    ("rules", "status", "text"), [(COINBASE, "Rejected", "post only"), (WOO, "Rejected", WOO.post_only_text)]
)
def test_some_venues_reject_a_post_only_order_that_would_take(make: Make, rules: Rules, status: str, text: str) -> None:
    trader = world(make, rules=rules)
    order = trader.limit(SELL, 100, 1, post_only=True)
    assert (order.status, order.text) == (status, text)


def test_a_day_order_ends_at_midnight_utc(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 90, 1, time_in_force="DAY")
    filled = trader.limit(BUY, 102, 1, time_in_force="DAY")
    trader.at(DAY - 1)
    assert order.is_open
    trader.at(DAY)
    assert (order.status, order.text, order.closed_ns) == ("Canceled", "Canceled: Order had timeInForce of Day", DAY)
    assert filled.status == "Filled"


# Resting


def test_trades_at_its_price_fill_it_behind_those_who_were_there(make: Make) -> None:
    trades = [(30, SELL, 100, 3), (40, SELL, 100, 4), (50, SELL, 100, 2)]
    trader = world(make, ([(10, 100, 5, 102, 5)], trades))
    order = trader.limit(BUY, 100, 4)
    trader.at(39)
    assert order.filled == 0
    trader.at(40)
    assert (order.filled, order.status) == (2, "PartiallyFilled")
    trader.at(60)
    assert trader.fills == [(40, 100, 2, True), (50, 100, 2, True)]
    assert (order.status, order.closed_ns) == ("Filled", 50)


def test_the_better_price_is_filled_first_then_the_older_order(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 100, 5)]))
    old, young, better = trader.limit(BUY, 100, 2), trader.limit(BUY, 100, 2), trader.limit(BUY, 101, 2)
    trader.at(40)
    assert (better.filled, old.filled, young.filled) == (2, 2, 1)
    assert trader.fills == [(30, 101, 2, True), (30, 100, 2, True), (30, 100, 1, True)]


def test_everybody_is_told_in_order(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 100, 5)]))
    order = trader.limit(BUY, 100, 7)
    trader.at(40)
    id_ = order.order_id
    assert trader.log.told == [
        ("order", 20, (id_, "New", 7)),
        ("fill", 30, (id_, 100, 5)),
        ("order", 30, (id_, "PartiallyFilled", 2)),
        ("position", 30, ("XBTUSDT", 5)),
    ]


# Cancelling and amending


def test_cancel_ends_an_order(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 100, 5)]))
    order = trader.limit(BUY, 100, 7)
    trader.exchange.cancel(order)
    assert (order.status, order.text, order.closed_ns, order.remaining) == (
        "Canceled",
        "Canceled: Canceled via API.",
        20,
        0,
    )
    trader.at(40)
    assert order.filled == 0
    with pytest.raises(Rejected, match="Invalid ordStatus"):
        trader.exchange.cancel(order)


def test_a_smaller_size_keeps_the_place(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 100, 5)]))
    first, second = trader.limit(BUY, 100, 4), trader.limit(BUY, 100, 4)
    trader.exchange.amend(first, lots=3)
    assert first.changes == [(20, 100, 3)]
    trader.at(40)
    assert (first.filled, first.status, second.filled) == (3, "Filled", 2)


@pytest.mark.parametrize("change", [{"lots": 5}, {"ticks": 100}])
def test_a_larger_size_or_another_price_loses_the_place(make: Make, change: dict[str, int]) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 99, 5)]))
    start = change.get("ticks", 100)
    first, second = trader.limit(BUY, 101 if "ticks" in change else start, 4), trader.limit(BUY, 100, 4)
    trader.exchange.amend(first, **change)
    trader.at(40)
    assert (second.filled, first.filled) == (4, 1)


def test_an_amended_price_may_take(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 99, 2)
    trader.exchange.amend(order, ticks=102)
    assert (order.status, trader.fills) == ("Filled", [(20, 102, 2, False)])


def test_an_amended_post_only_order_that_would_take_is_cancelled(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 99, 2, post_only=True)
    trader.exchange.amend(order, ticks=102)
    assert (order.status, trader.fills) == ("Canceled", [])


@pytest.mark.parametrize("lots", [1, 2])
def test_a_size_at_or_below_what_is_filled_ends_the_order(make: Make, lots: int) -> None:
    trader = world(make, ([(10, 98, 5, 104, 5)], [(30, SELL, 100, 2)]))
    order = trader.limit(BUY, 100, 7)
    trader.at(40)
    trader.exchange.amend(order, lots=lots)
    assert (order.status, order.lots, order.filled, order.remaining, order.closed_ns) == ("Filled", 2, 2, 0, 40)
    assert set(trader.held.values()) == {0}


def test_amending_nothing_or_what_is_done_is_rejected(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 100, 7)
    with pytest.raises(Rejected, match="Invalid amend: orderQty, leavesQty, price, stopPx unchanged"):
        trader.exchange.amend(order, ticks=100, lots=7)
    trader.exchange.cancel(order)
    with pytest.raises(Rejected, match="Invalid ordStatus"):
        trader.exchange.amend(order, lots=3)


# Stops


@pytest.mark.parametrize(
    ("type_", "side", "level", "price"),
    [
        ("Stop", BUY, 105, 106),
        ("Stop", SELL, 95, 94),
        ("MarketIfTouched", SELL, 105, 106),
        ("MarketIfTouched", BUY, 95, 94),
    ],
)
def test_a_stop_waits_for_the_last_price(make: Make, type_: OrderType, side: int, level: int, price: int) -> None:
    middle = (10, 98, 5, 102, 5)
    moved = (30, price - 1, 9, price + 1, 9)
    script: Script = (
        [middle, moved],
        [(25, BUY, 102, 1), (40, BUY if price > 100 else SELL, price + (1 if price > 100 else -1), 1)],
    )
    trader = world(make, script)
    order = trader.stop(type_, side, level, 2)
    trader.at(39)
    assert (order.status, order.triggered, order.filled) == ("New", False, 0)
    trader.at(50)
    assert (order.status, order.triggered, order.filled) == ("Filled", True, 2)
    assert trader.fills[0][0] == 40
    assert not trader.fills[0][3]


def test_a_stop_may_wait_for_the_mark_price(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 103, 5, 105, 5), (40, 104, 5, 106, 5)], []))
    order = trader.stop("Stop", BUY, 105, 2, trigger="MarkPrice")
    trader.at(39)
    assert not order.triggered
    trader.at(40)
    assert (order.status, trader.fills) == ("Filled", [(40, 106, 2, False)])


def test_a_stop_limit_rests_once_it_is_triggered(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 103, 5, 106, 5), (50, 99, 5, 101, 5)], [(60, SELL, 99, 9)]))
    order = trader.stop("StopLimit", BUY, 104, 2, ticks=104, trigger="MarkPrice")
    trader.at(40)
    assert (order.triggered, order.status, order.filled) == (True, "New", 0)
    assert trader.exchange.seats["XBTUSDT"].open_stops == 0
    trader.at(70)
    assert order.status == "Filled"
    assert trader.fills == [(50, 104, 2, True)]


def test_a_stop_beyond_its_level_already_triggers_at_once(make: Make) -> None:
    trader = world(make)
    order = trader.stop("Stop", BUY, 100, 2, trigger="MarkPrice")
    assert order.status == "Filled"
    assert trader.log.of("order") == [
        (order.order_id, "New", 2),
        (order.order_id, "New", 2),
        (order.order_id, "Filled", 0),
    ]


def test_a_cancelled_stop_does_not_trigger(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 108, 5, 110, 5)], []))
    order = trader.stop("Stop", BUY, 105, 2, trigger="MarkPrice")
    trader.exchange.cancel(order)
    trader.at(40)
    assert (order.status, trader.fills) == ("Canceled", [])


def test_a_stop_can_be_amended_to_another_level(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 103, 5, 105, 5), (40, 106, 5, 108, 5)], []))
    order = trader.stop("Stop", BUY, 103, 2, trigger="MarkPrice")
    trader.exchange.amend(order, stop_ticks=106)
    trader.at(35)
    assert not order.triggered
    trader.at(45)
    assert (order.status, order.changes) == ("Filled", [(20, None, 2)])


def test_ten_stops_and_two_hundred_orders_are_the_limit(make: Make) -> None:
    trader = world(make)
    stops = [trader.stop("Stop", BUY, 120, 1) for _ in range(10)]
    with pytest.raises(Rejected, match="Too many open stop orders"):
        trader.stop("Stop", BUY, 120, 1)
    orders = [trader.limit(BUY, 90, 1) for _ in range(190)]
    with pytest.raises(Rejected, match="Too many open orders"):
        trader.limit(BUY, 90, 1)
    trader.exchange.cancel(orders[0])
    trader.exchange.cancel(stops[0])
    trader.stop("Stop", BUY, 120, 1)


# Reduce-only


def test_reduce_only_needs_a_position_to_reduce(make: Make) -> None:
    trader = world(make)
    assert trader.limit(SELL, 105, 2, reduce_only=True).text == "Canceled: Order had execInst of ReduceOnly"
    trader.market(BUY, 3)
    assert trader.limit(BUY, 90, 2, reduce_only=True).status == "Canceled"
    order = trader.limit(SELL, 105, 9, reduce_only=True)
    assert (order.status, order.lots) == ("New", 3)


def test_reduce_only_orders_shrink_with_the_position_each_by_itself(make: Make) -> None:
    trader = world(make)
    trader.market(BUY, 5)
    first, second = trader.limit(SELL, 105, 5, reduce_only=True), trader.limit(SELL, 106, 3, reduce_only=True)
    trader.market(SELL, 1)
    assert (first.lots, second.lots) == (4, 3)
    trader.market(SELL, 2)
    assert (first.lots, second.lots) == (2, 2)
    trader.market(SELL, 2)
    assert (first.status, second.status) == ("Canceled", "Canceled")
    assert not trader.exchange.seats["XBTUSDT"].reducers


def test_a_growing_position_leaves_reduce_only_orders_alone(make: Make) -> None:
    trader = world(make)
    trader.market(BUY, 2)
    order, other = trader.limit(SELL, 105, 2, reduce_only=True), trader.limit(SELL, 105, 2, reduce_only=True)
    trader.market(BUY, 2)
    assert (order.lots, other.lots) == (2, 2)


def test_reduce_only_orders_that_one_trade_reaches_never_turn_the_position(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 98, 5, 110, 5)], [(40, BUY, 108, 20)]))
    trader.market(BUY, 3)
    for ticks in (105, 106, 107):
        trader.limit(SELL, ticks, 3, reduce_only=True)
    trader.at(50)
    assert trader.position == 0
    assert trader.fills[1:] == [(40, 105, 3, True)]


def test_a_triggered_reduce_only_stop_is_cut_to_the_position(make: Make) -> None:
    trader = world(make, ([(10, 98, 5, 102, 5), (30, 90, 5, 92, 5)], []))
    trader.market(BUY, 2)
    order = trader.stop("Stop", SELL, 95, 5, trigger="MarkPrice", reduce_only=True)
    assert order.lots == 5
    trader.at(40)
    assert (order.status, order.lots, trader.position) == ("Filled", 2, 0)


# The dead man's switch


def test_the_dead_mans_switch_cancels_everything(make: Make) -> None:
    trader = world(make)
    order, stop = trader.limit(BUY, 100, 1), trader.stop("Stop", BUY, 120, 1)
    assert trader.exchange.cancel_all_after(60 * MS) == 20 + 60 * MS
    trader.at(20 + 60 * MS - 1)
    assert order.is_open
    trader.at(20 + 60 * MS)
    assert (order.status, stop.status) == ("Canceled", "Canceled")
    assert order.text == "Canceled: Canceled by cancelAllAfter"


def test_the_dead_mans_switch_is_put_off_by_another_call_and_disarmed_by_zero(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 100, 1)
    trader.exchange.cancel_all_after(60 * MS)
    trader.at(50 * MS)
    trader.exchange.cancel_all_after(60 * MS)
    trader.at(100 * MS)
    assert order.is_open
    assert trader.exchange.cancel_all_after(0) is None
    trader.at(500 * MS)
    assert order.is_open


# Ids and markets


def test_a_client_order_id_is_used_once(make: Make) -> None:
    trader = world(make)
    order = trader.limit(BUY, 100, 1, client_order_id="a")
    with pytest.raises(Rejected, match="Duplicate clOrdID"):
        trader.limit(BUY, 100, 1, client_order_id="a")
    assert trader.exchange.find(client_order_id="a") is order
    assert trader.exchange.find(order.order_id) is order
    assert trader.exchange.find("nobody") is None
    assert trader.exchange.find() is None


def test_a_relabelled_order_is_found_by_its_new_id(make: Make) -> None:
    trader = world(make)
    order, other = trader.limit(BUY, 100, 1, client_order_id="a"), trader.limit(BUY, 100, 1, client_order_id="b")
    trader.exchange.relabel(order, "c", "renamed")
    assert (trader.exchange.find(client_order_id="c"), order.text) == (order, "renamed")
    assert trader.exchange.find(client_order_id="a") is None
    with pytest.raises(Rejected, match="Duplicate clOrdID"):
        trader.exchange.relabel(other, "c", "")


def test_an_unknown_market_is_named_with_the_known_ones(make: Make) -> None:
    trader = world(make)
    with pytest.raises(InputError, match="BitMEX has no market 'ETHUSD' in this run; its markets are: XBTUSDT"):
        trader.exchange.place(Ticket("ETHUSD", BUY, "Market", 1))


def test_the_mark_is_the_middle_of_the_quote(make: Make) -> None:
    assert world(make).exchange.mark_ticks("XBTUSDT") == 101


def test_without_a_quote_there_is_nothing_to_take(make: Make) -> None:
    trader = world(make, ([], []))
    assert trader.exchange.mark_ticks("XBTUSDT") is None
    order = trader.market(BUY, 1)
    assert (order.status, order.text) == ("Canceled", "Canceled: Order had ordType of Market")
    assert trader.limit(BUY, 100, 1).status == "New"


# Money


@pytest.mark.parametrize("instrument", [linear(), inverse(), spot()])
def test_everything_held_is_released_when_orders_end(make: Make, instrument: Instrument) -> None:
    trader = Trader(make(instrument, ([(10, 100, 9, 102, 9), (60, 100, 9, 102, 9)], [(30, SELL, 99, 12)]))).at(20)
    orders = [
        trader.limit(BUY, 101, 4),
        trader.limit(BUY, 100, 3),
        trader.limit(SELL, 104, 3),
        trader.limit(BUY, 102, 2),
    ]
    assert any(trader.held.values())
    trader.exchange.amend(orders[1], lots=2)
    trader.exchange.amend(orders[2], ticks=105)
    trader.at(50)
    trader.exchange.amend(orders[2], lots=4)
    for order in list(trader.exchange.open_orders.values()):
        trader.exchange.cancel(order)
    assert set(trader.held.values()) == {0}


def test_a_refused_amendment_changes_nothing(make: Make) -> None:
    trader = Trader(make(linear(), QUIET), deposits={"USDT": 100}).at(20)
    order = trader.limit(BUY, 100, 1)
    held = trader.held
    with pytest.raises(Rejected, match=r"Account has insufficient Available Balance, [0-9]+ USDt required"):
        trader.exchange.amend(order, lots=10)
    assert (order.lots, order.ticks, order.is_open, trader.held, order.changes) == (1, 100, True, held, [])
    trader.exchange.cancel(order)
    assert trader.held == {"USDT": 0}
