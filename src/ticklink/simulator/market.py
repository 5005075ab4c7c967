"""A synthetic market: seeded makers and takers who fill a real order book, in virtual time.

Anyone may rest and take in `SyntheticMarket.book` between two advances, and is then part of the same market. What the flow
imitates, and every parameter, is in docs/synthetic-market.md.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.simulator.flow import (
    Excitement,
    FairValue,
    FlowModel,
    Parents,
    Sizes,
    exponential,
    heavy_tailed,
    uniform_stream,
)
from ticklink.simulator.matching import Book, Match, Resting

SECOND_NS = 1_000_000_000
RESOLUTION_NS = 1_000_000
"""Venues stamp their events in whole milliseconds; so does this one."""
HOUR_NS = 3600 * SECOND_NS
CHUNK_NS = 600 * SECOND_NS

DEFAULT_START_NS = 1_735_689_600 * SECOND_NS
"""2025-01-01 00:00 UTC: a fixed date, so that a seed alone reproduces a data set."""

REFERENCE_PRICES = {
    "XBT": 64_000.0, "BTC": 64_000.0, "ETH": 3_200.0, "BNB": 600.0, "SOL": 150.0, "LTC": 80.0, "BCH": 400.0, "AVAX": 30.0,
    "LINK": 14.0, "DOT": 6.5, "XRP": 0.55, "ADA": 0.45, "MATIC": 0.6, "DOGE": 0.12, "WOO": 0.2, "TRX": 0.12,
    "USD": 1.0, "USDT": 1.0, "USDC": 1.0, "EUR": 1.08,
}  # fmt: skip
"""What an asset costs, about, in US dollars."""

Columns = dict[str, NDArray[Any]]
"""The archive's column names and their values."""


class QuoteChanged(NamedTuple):
    """The best prices, or what rests there, changed."""

    time_ns: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


class Traded(NamedTuple):
    """A taker of the flow traded with one resting order. `side` is the taker's."""

    time_ns: int
    side: int
    ticks: int
    lots: int


class Matched(NamedTuple):
    """The flow traded with an order that someone outside rests in the book; comes before its `Traded`."""

    time_ns: int
    side: int
    """The taker's."""
    match: Match


MarketEvent = QuoteChanged | Traded | Matched


class SyntheticMarket:
    """One instrument's order flow on `book`. The same arguments give the same flow, whatever the process or platform.

    `now_ns` is the market's own time, and `next_ns` that of the next event of the flow. Outside orders rest in the book
    with a `ref` that is not None; the flow matches them, and never withdraws them.
    """

    def __init__(
        self, instrument: Instrument, *, price: float, seed: int, start_ns: int, model: FlowModel | None = None
    ) -> None:
        if not (math.isfinite(price) and price >= float(instrument.tick)):
            raise InputError(
                f"{instrument.sym}: a market cannot start at {price}; give at least a tick, {instrument.tick}"
            )
        self.book = Book()
        self.now_ns = start_ns
        self._model = model = model or FlowModel()
        self._uniform = uniform = uniform_stream(seed)
        self._scale = Scale.of(model, price / float(instrument.tick))
        self._fair = FairValue(model, price / float(instrument.tick), uniform)
        self._excitement = Excitement(model)
        self._parents = Parents(model, uniform)
        value = lot_value(instrument, price)
        self._maker_sizes = Sizes(model, model.maker_notional / value, uniform)
        self._taker_sizes = Sizes(model, model.taker_notional / value, uniform)
        self._orders: list[Resting] = []
        self._events: list[MarketEvent] = []
        self._top: tuple[int, int, int, int] | None = None
        self._mid = self._half_spread = 0.0
        self._exact_ns = self._next_exact_ns = start_ns
        self._actions = (self._join, self._place, self._cancel, self._close, self._fade, self._snipe, self._fair.jump)
        self._thresholds: list[float] = []
        self._rate = 0.0
        self._open()
        self._look()
        self._schedule()

    @property
    def next_ns(self) -> int:
        """When the flow next does something."""
        return self._next_exact_ns // RESOLUTION_NS * RESOLUTION_NS

    def advance(self, until_ns: int) -> list[MarketEvent]:
        """Run the flow up to and including `until_ns`, and tell what happened, in order.

        What others changed at the best prices since the last advance comes first, stamped with the time of that advance.
        """
        before = self._top
        self._look()
        self._concede(before)
        while (next_ns := self.next_ns) <= until_ns:
            self.now_ns = max(self.now_ns, next_ns)
            self._step()
            self._look()
            self._schedule()
        self.now_ns = max(self.now_ns, until_ns)
        events, self._events = self._events, []
        return events

    def _step(self) -> None:
        """Let time pass until the next event, and draw which one it is: none, where the excitement has decayed since."""
        seconds = (self._next_exact_ns - self._exact_ns) / SECOND_NS
        self._exact_ns = self._next_exact_ns
        self._fair.move(seconds, self._mid)
        self._excitement.decay(seconds)
        place = self._uniform() * self._rate
        index = bisect_right(self._thresholds, place)
        if index < len(self._actions):
            self._actions[index]()
        elif place - self._thresholds[-1] < self._excitement.rate(self._fair.activity):
            self._slice()

    def _schedule(self) -> None:
        """Draw the time of the next event from the rates of all that could happen."""
        model, pace, behind = self._model, self._fair.activity, self._behind()
        rates = (
            model.joins_per_s * pace,
            model.deep_per_s * pace,
            len(self._orders) / model.lifetime_s * pace,
            model.closes_per_s if self._half_spread > 0.5 else 0.0,
            model.fades_per_s * behind,
            model.snipes_per_s * behind,
            model.jumps_per_hour / 3600.0,
        )
        self._thresholds = list(accumulate(rates))
        self._rate = self._thresholds[-1] + self._excitement.rate(pace)
        self._next_exact_ns += int(exponential(self._uniform) / self._rate * SECOND_NS) + 1

    def _look(self) -> None:
        """See the best prices; tell of them where they have changed."""
        bid, ask = self.book.best_bid(), self.book.best_ask()
        if bid is None or ask is None:
            self._mid, self._half_spread, self._top = self._fair.ticks, math.inf, None
            return
        self._mid, self._half_spread = (bid + ask) / 2, (ask - bid) / 2
        top = (bid, self.book.depth(1, bid), ask, self.book.depth(-1, ask))
        if top != self._top:
            self._top = top
            self._events.append(QuoteChanged(self.now_ns, *top))

    def _concede(self, before: tuple[int, int, int, int] | None) -> None:
        """Believe a part of what outsiders did to the best prices by taking: the fair value follows."""
        if before is not None:
            bid, ask = self.book.best_bid(), self.book.best_ask()
            up = self._scale.reach if ask is None else max(0, ask - before[2])
            down = self._scale.reach if bid is None else max(0, before[0] - bid)
            self._fair.shift(self._model.outsider_impact * (up - down))

    def _behind(self) -> float:
        """How far the fair value has left the best prices behind, in tolerances beyond the first; at most 4."""
        distance = abs(self._fair.ticks - self._mid) - self._half_spread
        excess = distance / self._scale.tolerance - 1.0
        return 0.0 if excess <= 0.0 else min(4.0, excess)

    def _best(self, side: int) -> int | None:
        return self.book.best_bid() if side == 1 else self.book.best_ask()

    def _coin(self) -> int:
        return 1 if self._uniform() < 0.5 else -1

    def _open(self) -> None:
        ticks = math.floor(self._fair.ticks)
        self._rest(1, ticks)
        self._rest(-1, ticks + 1)
        while len(self._orders) < self._model.orders:
            self._place()

    # makers

    def _rest(self, side: int, ticks: int) -> None:
        """Rest an anonymous order there, or one tick short of the other side."""
        opposite = self._best(-side)
        if opposite is not None and (ticks - opposite) * side >= 0:
            ticks = opposite - side
        if ticks > 0:
            self._orders.append(self.book.rest(side, ticks, self._maker_sizes.draw()))

    def _join(self) -> None:
        side = self._coin()
        best = self._best(side)
        if best is not None and (best - self._fair.ticks) * side < self._scale.tolerance:
            self._rest(side, best)

    def _place(self) -> None:
        side = self._coin()
        best = self._best(side)
        start = math.floor(self._fair.ticks) if best is None else best
        distance = 1 + int(self._scale.depth * heavy_tailed(self._uniform, self._model.depth_tail))
        if distance <= self._scale.reach:
            self._rest(side, start - side * distance)

    def _cancel(self) -> None:
        """Withdraw any order: far ones less often, those out of reach always."""
        index = int(self._uniform() * len(self._orders))
        order = self._orders[index]
        if not order.is_resting:
            self._orders = [order for order in self._orders if order.is_resting]
            return
        best = self._best(order.side)
        assert best is not None
        distance = (best - order.ticks) * order.side
        patience = 1.0 + (self._model.patience - 1.0) * distance / (distance + self._scale.depth)
        if self._uniform() * patience < 1.0 or distance > self._scale.reach:
            self._orders[index] = self._orders[-1]
            self._orders.pop()
            self.book.remove(order)

    def _close(self) -> None:
        """Step into the spread, from the side that the fair value favours."""
        side = self._closing_side()
        own, opposite = self._best(side), self._best(-side)
        if opposite is not None and self._uniform() < self._model.close_share:
            self._rest(side, opposite - side)
        else:
            price = self._fair.ticks - side * self._scale.tolerance * exponential(self._uniform)
            ticks = math.floor(price) if side == 1 else math.ceil(price)
            self._rest(side, ticks if own is None or (ticks - own) * side > 0 else own + side)

    def _closing_side(self) -> int:
        bid, ask = self.book.best_bid(), self.book.best_ask()
        if bid is None or ask is None:
            return 1 if bid is None else -1
        chance = (self._fair.ticks - bid) / (ask - bid)
        return 1 if self._uniform() < min(0.95, max(0.05, chance)) else -1

    def _fade(self) -> None:
        """Withdraw most of the orders that the fair value has left behind."""
        side = -1 if self._fair.ticks > self._mid else 1
        limit = self._fair.ticks + side * self._scale.tolerance
        for ticks, _ in self.book.levels(side, 20):
            if (ticks - limit) * side <= 0:
                break
            for order in self.book.queue(side, ticks):
                if order.ref is None and self._uniform() < self._model.fade_share:
                    self.book.remove(order)

    # takers

    def _snipe(self) -> None:
        """Take what the fair value has left behind."""
        side = 1 if self._fair.ticks > self._mid else -1
        self._take(side, math.floor(self._fair.ticks - side * self._scale.tolerance), self._taker_sizes.draw())

    def _slice(self) -> None:
        """The next slice of a large order, unless its owner finds the price too far from fair."""
        side = self._parents.next_side()
        best = self._best(-side)
        excess = (self._mid - self._fair.ticks) * side / self._scale.tolerance
        if best is None or (excess > 0.0 and self._uniform() > math.exp(-excess / 3.0)):
            return
        lots = self._taker_sizes.draw()
        if self._uniform() < self._model.modest_share:
            self._take(side, best, min(lots, self.book.depth(-side, best)))
        else:
            self._take(side, best + side * self._scale.sweep, lots)

    def _take(self, side: int, limit_ticks: int, lots: int) -> None:
        matches = self.book.take(side, limit_ticks, lots)
        for match in matches:
            if match.maker.ref is not None:
                self._events.append(Matched(self.now_ns, side, match))
            self._events.append(Traded(self.now_ns, side, match.ticks, match.lots))
        if matches:
            self._excitement.excite()


class Scale(NamedTuple):
    """The model's distances in ticks of one market; never so small that a coarse tick would leave no room."""

    tolerance: float
    sweep: int
    depth: float
    reach: int

    @classmethod
    def of(cls, model: FlowModel, price_ticks: float) -> "Scale":
        unit = price_ticks * 1e-4
        return cls(
            tolerance=max(0.5, model.tolerance_bp * unit),
            sweep=max(2, round(model.sweep_bp * unit)),
            depth=max(3.0, model.depth_bp * unit),
            reach=max(40, round(model.depth_reach_bp * unit)),
        )


def reference_price(instrument: Instrument) -> float:
    """A plausible price to start a known symbol at. Raises InputError for assets it has never heard of."""
    try:
        return REFERENCE_PRICES[instrument.base] / REFERENCE_PRICES[instrument.quote]
    except KeyError as unknown:
        raise InputError(f"{instrument.sym}: no reference price for {unknown}; give the price to start at") from None


def lot_value(instrument: Instrument, price: float) -> float:
    """About what one lot is worth, in the quote currency."""
    value = float(instrument.lot * instrument.multiplier)
    if instrument.kind == "inverse":
        return value
    return (
        value * price * (REFERENCE_PRICES.get(instrument.settle.upper(), 1.0) if instrument.kind == "quanto" else 1.0)
    )


def generate(
    instrument: Instrument,
    *,
    hours: float,
    seed: int,
    start_ns: int = DEFAULT_START_NS,
    price: float | None = None,
    model: FlowModel | None = None,
) -> Iterator[tuple[Columns, Columns]]:
    """Quotes and trades of a synthetic market, as the archive's columns, ten minutes at a time.

    Times do not decrease; several events may share a millisecond. Without a price it starts at `reference_price`.
    """
    start_price = reference_price(instrument) if price is None else price
    market = SyntheticMarket(instrument, price=start_price, seed=seed, start_ns=start_ns, model=model)
    end_ns = start_ns + round(hours * HOUR_NS)
    while market.now_ns < end_ns:
        events = market.advance(min(market.now_ns + CHUNK_NS, end_ns))
        yield quote_columns(instrument, events), trade_columns(instrument, events)


def quote_columns(instrument: Instrument, events: list[MarketEvent]) -> Columns:
    rows = np.array([event for event in events if isinstance(event, QuoteChanged)], dtype=np.int64).reshape(-1, 5)
    return {
        "time": rows[:, 0].copy(),
        "bid": scaled(rows[:, 1], instrument.tick),
        "bid_size": scaled(rows[:, 2], instrument.lot),
        "ask": scaled(rows[:, 3], instrument.tick),
        "ask_size": scaled(rows[:, 4], instrument.lot),
    }


def trade_columns(instrument: Instrument, events: list[MarketEvent]) -> Columns:
    rows = np.array([event for event in events if isinstance(event, Traded)], dtype=np.int64).reshape(-1, 4)
    return {
        "time": rows[:, 0].copy(),
        "price": scaled(rows[:, 2], instrument.tick),
        "size": scaled(rows[:, 3], instrument.lot),
        "side": rows[:, 1].astype(np.int8),
    }


def scaled(steps: NDArray[np.int64], step: Decimal) -> NDArray[np.float64]:
    """Whole steps as floats, correctly rounded: 640001 ticks of 0.1 are exactly the float 64000.1."""
    numerator, denominator = step.as_integer_ratio()
    return steps * numerator / denominator
