"""Guard: watches the mark prices for the point at which positions could be liquidated.

Per position it keeps a line, a mark between the present and disaster, so that this always holds: with every mark at its line
at once, the account would still be above its maintenance margin. As long as no mark crosses its line, nothing is computed.
What changes the account (a fill, funding) only has this tested; where it no longer holds, or a line is crossed, new lines are
drawn around the present. Each is drawn half-way, so that a growing position needs new ones only now and then.
"""

from collections.abc import Callable
from typing import NamedTuple

from ticklink.model.positions import Position
from ticklink.simulator.clearing import Clearing, Seat
from ticklink.simulator.watches import Watch

SLACK = 0.5
"""The share of the way to liquidation at which a line is drawn, at most."""

FARTHEST = 10
"""No line is drawn further off than this many times the mark; it is looked at again there."""


class Line(NamedTuple):
    """Safe up to and including this mark."""

    ticks: int
    watch: Watch


class Guard:
    """`check` after every change of an asset's wallet or positions; `liquidate` is called where it has come to that."""

    def __init__(self, clearing: Clearing, seats: dict[str, Seat], liquidate: Callable[[str], None]) -> None:
        self._clearing, self._seats, self._liquidate = clearing, seats, liquidate
        self._lines: dict[tuple[str, int], Line] = {}
        """By symbol and the position's side. They outlive the position: it may come back."""

    def check(self, asset: str) -> None:
        held = self._clearing.account.positions.values()
        positions = [each for each in held if each.lots and each.contract.asset == asset]
        if positions and not self._is_safe(asset, positions):
            self._draw(asset, positions)

    def _is_safe(self, asset: str, positions: list[Position]) -> bool:
        """Would the account still stand with every position at its line?"""
        lines, marks = self._lines, {}
        for each in positions:
            sym = each.contract.sym
            line = lines.get((sym, side_of(each)))
            if line is None:
                return False
            marks[sym] = line.ticks
        account = self._clearing.account
        if len(account.positions) > 1:
            self._clearing.set_marks()  # each one's liquidation price follows the others' marks
        return account.withstands(asset, marks)

    def _draw(self, asset: str, positions: list[Position]) -> None:
        """Liquidate if that is due; else draw a line for every position."""
        account, clearing = self._clearing.account, self._clearing
        clearing.set_marks()
        if account.is_liquidatable(asset):
            self._liquidate(asset)
            return
        marks = {each.contract.sym: clearing.mark_ticks(each.contract.sym) or 1 for each in positions}
        ways = {each.contract.sym: self._way(each, marks[each.contract.sym]) for each in positions}
        share = SLACK / len(positions)
        while True:
            lines = {sym: mark + int(share * ways[sym]) for sym, mark in marks.items()}
            if lines == marks or account.withstands(asset, lines):
                break
            share /= 2
        for each in positions:
            self._set(each.contract.sym, side_of(each), lines[each.contract.sym])

    def _way(self, position: Position, mark: int) -> float:
        """Ticks from the mark to where this position alone would bring the account down; negative for a long one."""
        price = self._clearing.account.liquidation_price(position.contract.sym)
        nowhere = mark * FARTHEST if position.lots < 0 else 1
        ticks = nowhere if price is None else min(position.contract.instrument.nearest_ticks(price), mark * FARTHEST)
        return ticks - mark

    def _set(self, sym: str, side: int, ticks: int) -> None:
        market, old = self._seats[sym].market, self._lines.get((sym, side))
        if old is not None:
            market.unwatch(old.watch)
        # marks are rounded down to whole ticks, watches look at half ticks: the first value whose mark is beyond the line
        level = 2 * ticks - 1 if side > 0 else 2 * ticks + 2
        watch = Watch(-side, level, is_mark=True, on_reached=lambda: self._crossed(sym, side))
        self._lines[sym, side] = Line(ticks, watch)
        market.watch(watch)

    def _crossed(self, sym: str, side: int) -> None:
        asset = self._seats[sym].contract.asset
        del self._lines[sym, side]
        self.check(asset)


def side_of(position: Position) -> int:
    return 1 if position.lots > 0 else -1
