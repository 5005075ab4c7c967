"""Guard: watches the mark price for the level at which a position could be liquidated.

A level is computed from the margin there is to lose, rounded towards the market, and checked exactly when it is reached. It is
only set anew when it comes closer to the market, so that a fill costs a few operations whatever happens to the position.
"""

from typing import Protocol

from ticklink.model.money import Contract
from ticklink.simulator.accounts import Account
from ticklink.simulator.markets import Market
from ticklink.simulator.watches import Watch

CLOSER = 0.999
"""Levels are this share of the way to where they were computed to be: rounding must not let one slip through."""


FARTHEST = 1e6
"""No level is further away than this many times the mark."""


class Liquidator(Protocol):
    """What a guard needs of its exchange."""

    account: Account

    def mark_ticks(self, sym: str) -> int | None: ...

    def set_marks(self) -> None: ...

    def liquidate(self, asset: str) -> None: ...


class Guard:
    """One per derivative; `renew` after every change of its position."""

    def __init__(self, exchange: Liquidator, contract: Contract, market: Market) -> None:
        self._exchange, self._contract, self._market = exchange, contract, market
        self._watches: dict[int, Watch] = {}

    def renew(self) -> None:
        """Liquidate if that is due; else watch for the price at which it may be."""
        account, contract = self._exchange.account, self._contract
        position = account.positions[contract.sym]
        mark = self._exchange.mark_ticks(contract.sym) if position.lots else None
        if mark is None:
            return
        account.set_mark(contract, mark)
        if account.is_liquidatable(contract.asset):
            self._verify()
            return
        side = -1 if position.lots > 0 else 1
        level = self._level(mark, side, position.lots)
        watch = self._watches.get(side)
        if watch is None or side * level < side * watch.level:
            self._set(side, level)

    def _level(self, mark: int, side: int, lots: int) -> int:
        """Half ticks: where this position has lost its share of what may be lost before maintenance margin is touched."""
        account, contract = self._exchange.account, self._contract
        summary = account.margin(contract.asset)
        others = sum(1 for each in account.positions.values() if each.lots and each.contract.asset == contract.asset)
        cushion = (summary.margin_balance - summary.maintenance_margin) / others
        share = CLOSER * cushion / max(1, abs(contract.value(mark, lots)))
        move = _inverse_move(side, share) if contract.is_inverse else share
        return round(2 * mark * max(0.0, min(1 + side * move, FARTHEST)))

    def _set(self, side: int, level: int) -> None:
        old = self._watches.get(side)
        if old is not None:
            self._market.unwatch(old)
        watch = Watch(-1, side, level, is_mark=True, on_reached=lambda _ns: self._reached(side))
        self._watches[side] = watch
        self._market.watch(watch)

    def _reached(self, side: int) -> None:
        del self._watches[side]
        self._verify()

    def _verify(self) -> None:
        """With every position at its present mark: is it so?"""
        self._exchange.set_marks()
        if self._exchange.account.is_liquidatable(self._contract.asset):
            self._exchange.liquidate(self._contract.asset)
        elif self._exchange.account.positions[self._contract.sym].lots:
            self.renew()


def _inverse_move(side: int, share: float) -> float:
    """The share by which the price must move for an inverse position to lose `share` of its value, up (+1) or down (-1)."""
    if side < 0:
        return share / (1 + share)
    return share / (1 - share) if share < 1 else float("inf")
