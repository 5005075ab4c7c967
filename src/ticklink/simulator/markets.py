"""Market: where one instrument trades, as the exchange asks it; a recording and a real book answer alike."""

from typing import NamedTuple, Protocol

from ticklink.model.instruments import Instrument
from ticklink.simulator.orders import BUY, Order
from ticklink.simulator.watches import Watch

NEVER = 2**63 - 1
"""A time that does not come."""


class Hit(NamedTuple):
    """What the market did to us: it filled `lots` of a resting order, or reached a watched price."""

    time_ns: int
    lots: int
    item: Order | Watch


class Market(Protocol):
    instrument: Instrument

    def next_due_ns(self) -> int:
        """A time no later than the market's next hit: `advance` there and ask again."""
        ...

    def advance(self, until_ns: int) -> Hit | None:
        """Move on to `until_ns`, or to the first hit before it."""
        ...

    def move_to(self, now_ns: int) -> None:
        """The present is `now_ns`; hits up to then have been taken."""
        ...

    def best(self) -> tuple[int | None, int | None]:
        """Best bid and ask in ticks."""
        ...

    def last_ticks(self) -> int | None:
        """Price of the last trade."""
        ...

    def available(self, side: int, limit_ticks: int | None, at_most: int) -> int:
        """How many lots a taker could take now, up to its limit."""
        ...

    def take(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        """Take up to `lots` now: [(ticks, lots)], best price first."""
        ...

    def rest(self, order: Order) -> None:
        """Let an order wait for its fills."""
        ...

    def keep(self, order: Order) -> None:
        """Let it wait on after a partial fill."""
        ...

    def shrink(self, order: Order, lots: int) -> None:
        """Its size becomes `lots`, fewer than before; its place stays."""
        ...

    def remove(self, order: Order) -> None: ...

    def watch(self, watch: Watch) -> None: ...

    def unwatch(self, watch: Watch) -> None: ...


def is_crossed(market: Market, side: int, limit: int) -> bool:
    """Could an order of this side trade at once at this limit?"""
    bid, ask = market.best()
    return ask is not None and limit >= ask if side == BUY else bid is not None and limit <= bid


def watched_value(market: Market, watch: Watch) -> int | None:
    """The present value of the series that a watch looks at."""
    if not watch.is_mark:
        return market.last_ticks()
    bid, ask = market.best()
    return None if bid is None or ask is None else bid + ask
