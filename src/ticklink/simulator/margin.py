"""What open orders and positions take from a wallet: one book per instrument, one purse per asset, all integers.

A book keeps, per side, the sum of its open orders' lots and weights (model.money), so that adding or removing an order
is a few additions whatever rests already, and what was added and removed leaves exactly nothing. The rules, and where
each comes from, are in docs/accounts.md.
"""

import msgspec

from ticklink.model.money import Contract, rounded_up
from ticklink.model.positions import Position


class Purse:
    """One asset of an account: its balance, and what orders and positions hold of it. All in minor units."""

    __slots__ = ("asset", "balance", "books", "deposited", "maintenance", "order_margin", "position_margin")

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.balance = 0
        self.deposited = 0
        self.order_margin = 0
        """Held for open orders: margin of derivatives, and spot orders' whole amounts."""
        self.position_margin = 0
        self.maintenance = 0
        self.books: list[MarginBook] = []

    @property
    def unrealised(self) -> int:
        total = 0
        for book in self.books:
            if book.position.lots:
                total += book.unrealised
        return total

    @property
    def equity(self) -> int:
        """BitMEX's margin balance: the wallet and what its positions would bring at their marks."""
        return self.balance + self.unrealised

    @property
    def available(self) -> int:
        """What new derivative orders can be backed with (BitMEX: Available Balance, cross)."""
        return self.equity - self.order_margin - self.position_margin

    @property
    def spendable(self) -> int:
        """What spot orders can take: unrealised profit is not among it (BitMEX: Withdrawable Balance)."""
        return min(self.balance, self.equity) - self.order_margin - self.position_margin


class SpotBook:
    """The open orders of a spot instrument: buys hold quote and the worst fee, sells hold base."""

    __slots__ = ("base", "buy_held", "buy_weight", "contract", "quote")

    def __init__(self, contract: Contract, base: Purse, quote: Purse) -> None:
        self.contract = contract
        self.base = base
        self.quote = quote
        self.buy_weight = 0
        self.buy_held = 0

    def change(self, side: int, ticks: int, lots: int) -> tuple[Purse, int]:
        """Add open lots (remove, where negative), and return whose hold changed and by how much."""
        contract = self.contract
        if side < 0:
            held = lots * contract.base_per_lot
            self.base.order_margin += held
            return self.base, held
        self.buy_weight += contract.weight_factor * ticks * lots
        numerator, denominator = contract.order_margin
        held = rounded_up(self.buy_weight * numerator, contract.weight_scale * denominator)
        extra, self.buy_held = held - self.buy_held, held
        self.quote.order_margin += extra
        return self.quote, extra

    def room(self, purse: Purse) -> int:
        return purse.spendable


class MarginBook:
    """The open orders and the position of one derivative, cross margined from its settle asset's purse."""

    __slots__ = (
        "_rates",
        "buy_lots",
        "buy_weight",
        "contract",
        "maintenance",
        "mark_ticks",
        "order_margin",
        "position",
        "position_margin",
        "purse",
        "sell_lots",
        "sell_weight",
    )

    def __init__(self, contract: Contract, purse: Purse) -> None:
        self.contract = contract
        self.purse = purse
        self.position = Position(contract)
        self.mark_ticks = 0
        self._rates = contract.initial_margin, contract.maintenance_margin, contract.exit_fee
        self.buy_lots = self.buy_weight = 0
        self.sell_lots = self.sell_weight = 0
        self.order_margin = 0
        self.position_margin = 0
        self.maintenance = 0
        purse.books.append(self)

    @property
    def unrealised(self) -> int:
        """Profit at the mark; 0 before there is one."""
        return self.position.unrealised(self.mark_ticks) if self.mark_ticks else 0

    def change(self, side: int, ticks: int, lots: int) -> tuple[Purse, int]:
        """Add open lots (remove, where negative), and return the purse and by how much its order margin changed."""
        weight = self.contract.weight(ticks) * lots
        if side > 0:
            self.buy_lots += lots
            self.buy_weight += weight
        else:
            self.sell_lots += lots
            self.sell_weight += weight
        return self.purse, self.update_order_margin()

    def room(self, purse: Purse) -> int:
        return purse.available

    def update_order_margin(self) -> int:
        """Bring the order margin up to date with orders and position, and return by how much it changed."""
        contract = self.contract
        numerator, denominator = contract.order_margin
        margin = rounded_up(self._charged_weight() * numerator, denominator * contract.weight_scale)
        extra, self.order_margin = margin - self.order_margin, margin
        self.purse.order_margin += extra
        return extra

    def update_position_margin(self) -> None:
        """Bring the position's margins up to date; they follow its entry cost, not its mark."""
        (initial, of_initial), (maintenance, of_maintenance), (fee, of_fee) = self._rates
        owed, purse = -abs(self.position.cost), self.purse
        charge = -(owed * fee // of_fee)
        initial, maintenance = charge - owed * initial // of_initial, charge - owed * maintenance // of_maintenance
        purse.position_margin += initial - self.position_margin
        purse.maintenance += maintenance - self.maintenance
        self.position_margin, self.maintenance = initial, maintenance

    def _charged_weight(self) -> int:
        """Orders that only reduce the position are free; beyond that, lots that could not both stay open count once.

        The venue's rule: sells are charged in full, buys by what they exceed them. Here the side charged in full is the
        one whose lots weigh more, so that a pair is always charged at its dearer price.
        """
        held = self.position.lots
        buys = self.buy_lots + held if held < 0 else self.buy_lots
        sells = self.sell_lots - held if held > 0 else self.sell_lots
        if sells <= 0:
            return rounded_up(self.buy_weight * buys, self.buy_lots) if buys > 0 else 0
        if buys <= 0:
            return rounded_up(self.sell_weight * sells, self.sell_lots)
        return self._dearest_pairing(buys, sells)

    def _dearest_pairing(self, buys: int, sells: int) -> int:
        buy, sell = (self.buy_weight, self.buy_lots, buys), (self.sell_weight, self.sell_lots, sells)
        dear, cheap = (buy, sell) if buy[0] * sell[1] >= sell[0] * buy[1] else (sell, buy)
        charged = rounded_up(dear[0] * dear[2], dear[1])
        unpaired = cheap[2] - dear[2]
        return charged + rounded_up(cheap[0] * unpaired, cheap[1]) if unpaired > 0 else charged


class MarginSummary(msgspec.Struct, frozen=True):
    """An asset of an account in minor units, named after BitMEX's margin row.

    `init_margin` is what open orders hold, `position_margin` what positions hold (BitMEX: maintMargin), and
    `maintenance_margin` the equity below which everything is liquidated.
    """

    asset: str
    amount: int
    """Deposits so far."""
    wallet_balance: int
    unrealised_pnl: int
    realised_pnl: int
    """Positions' realised profit after fees and funding."""
    margin_balance: int
    init_margin: int
    position_margin: int
    maintenance_margin: int
    available_margin: int
    withdrawable_margin: int

    @classmethod
    def of(cls, purse: Purse) -> "MarginSummary":
        return cls(
            asset=purse.asset,
            amount=purse.deposited,
            wallet_balance=purse.balance,
            unrealised_pnl=purse.unrealised,
            realised_pnl=sum(book.position.net_realised for book in purse.books),
            margin_balance=purse.equity,
            init_margin=purse.order_margin,
            position_margin=purse.position_margin,
            maintenance_margin=purse.maintenance,
            available_margin=purse.available,
            withdrawable_margin=max(0, purse.spendable),
        )
