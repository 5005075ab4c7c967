"""An exchange on the synthetic market: what the flow does to us, and what we do to it."""

from tests.simulator.worlds import BUY, MS, SELL, S, Trader, linear
from ticklink.simulator.book_market import BookMarket
from ticklink.simulator.market import MarketEvent, SyntheticMarket, Traded
from ticklink.simulator.markets import NEVER

START = 1_735_689_600 * S


class Street:
    """A trader on a synthetic market at 64,000 in ticks of 0.5, and all that the market did."""

    def __init__(self, seed: int = 7) -> None:
        self.flow = SyntheticMarket(linear(), price=64_000.0, seed=seed, start_ns=START)
        self.seen: list[MarketEvent] = []
        self.market = BookMarket(linear(), self.flow, self.seen.extend)
        self.trader = Trader(self.market, start_ns=START)

    def best(self) -> tuple[int, int]:
        self.market.move_to(self.trader.exchange.now_ns)
        bid, ask = self.market.best()
        assert bid is not None
        assert ask is not None
        return bid, ask


def test_an_order_at_the_touch_is_filled_by_the_flow_behind_the_queue_that_was_there() -> None:
    street = Street()
    trader = street.trader.at(START + S)
    bid, _ = street.best()
    order = trader.limit(BUY, bid, 50)
    trader.at(START + 600 * S)
    assert order.filled > 0
    assert all(fill.ticks == bid and fill.is_maker for fill in trader.exchange.fills)
    ours = sum(fill.lots for fill in trader.exchange.fills)
    traded = sum(
        each.lots for each in street.seen if isinstance(each, Traded) and each.ticks == bid and each.side == SELL
    )
    assert ours <= traded


def test_every_fill_of_ours_is_a_trade_of_the_market_at_its_time() -> None:
    street = Street(seed=3)
    trader = street.trader.at(START + S)
    bid, ask = street.best()
    for step in range(5):
        trader.limit(BUY, bid - step, 20)
        trader.limit(SELL, ask + step, 20)
    trader.at(START + 300 * S)
    assert trader.exchange.fills
    traded = [(each.time_ns, each.ticks, each.lots) for each in street.seen if isinstance(each, Traded)]
    for fill in trader.exchange.fills:
        assert (fill.time_ns, fill.ticks, fill.lots) in traded


def test_what_a_taker_takes_is_gone_from_the_book() -> None:
    street = Street()
    trader = street.trader.at(START + S)
    _, ask = street.best()
    there = street.flow.book.depth(SELL, ask)
    order = trader.market(BUY, there + 1)
    assert order.filled == there + 1
    assert trader.exchange.fills[0].ticks == ask
    assert trader.exchange.fills[0].lots <= there
    assert street.best()[1] > ask
    assert street.market.last_ticks() == trader.exchange.fills[-1].ticks


def test_our_own_trade_triggers_a_stop() -> None:
    street = Street()
    trader = street.trader.at(START + S)
    _, ask = street.best()
    stop = trader.stop("Stop", BUY, ask, 1)
    if not stop.triggered:
        trader.market(BUY, 1)
        assert trader.exchange.next_due_ns() == START + S
        trader.at(START + S)
    assert stop.triggered
    assert stop.status == "Filled"


def test_our_own_orders_may_meet_each_other() -> None:
    street = Street()
    trader = street.trader.at(START + S)
    bid, ask = street.best()
    if ask - bid < 2:
        trader.market(BUY, street.flow.book.depth(SELL, ask))
        bid, ask = street.best()
    resting = trader.limit(BUY, ask - 1, 3)
    taker = trader.limit(SELL, ask - 1, 3)
    assert taker.status == "Filled"
    trader.at(START + S)
    assert resting.status == "Filled"


def test_nothing_is_due_as_long_as_we_have_nothing_there() -> None:
    street = Street()
    trader = street.trader.at(START + S)
    assert trader.exchange.next_due_ns() == NEVER
    order = trader.limit(BUY, street.best()[0] - 100, 1)
    assert trader.exchange.next_due_ns() == street.flow.next_ns
    trader.exchange.cancel(order)
    assert trader.exchange.next_due_ns() == NEVER


def test_the_same_seed_and_orders_give_the_same_fills() -> None:
    def fills() -> list[tuple[int, int, int, bool]]:
        street = Street(seed=11)
        trader = street.trader
        for second in range(1, 120):
            trader.at(START + second * S)
            bid, ask = street.best()
            orders = [trader.limit(BUY, bid, 5), trader.limit(SELL, ask, 5)]
            trader.at(START + second * S + 900 * MS)
            for order in orders:
                if order.is_open:
                    trader.exchange.cancel(order)
        assert set(trader.held.values()) == {0}
        return trader.fills

    assert fills() == fills() != []
