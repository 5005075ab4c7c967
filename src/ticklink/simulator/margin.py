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

    __slots__ = ("asset", "balance", "books", "deposited", "spot_held")

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.balance = 0
        self.deposited = 0
        self.spot_held = 0
        """What open spot orders hold, whole."""
        self.books: list[MarginBook] = []

    @property
    def unrealised(self) -> int:
        return sum([book.unrealised for book in self.books])

    @property
    def order_margin(self) -> int:
        return self.spot_held + sum([book.order_margin for book in self.books])

    @property
    def position_margin(self) -> int:
        return sum([book.position_margin for book in self.books])

    @property
    def maintenance(self) -> int:
        return sum([book.maintenance for book in self.books])

    @property
    def equity(self) -> int:
        """BitMEX's margin balance: the wallet and what its positions would bring at their marks."""
        return self.balance + self.unrealised

    @property
    def available(self) -> int:
        """What new derivative orders can be backed with (BitMEX: Available Balance, cross)."""
        free = self.balance - self.spot_held
        for book in self.books:
            free += book.unrealised - book.order_margin - book.position_margin
        return free

    def backing(self, orders: "MarginBook") -> int:
        """What is available if one book's orders took nothing."""
        free = self.balance - self.spot_held
        for book in self.books:
            free += book.unrealised - book.position_margin
            if book is not orders:
                free -= book.order_margin
        return free

    @property
    def spendable(self) -> int:
        """What spot orders can take: unrealised profit is not among it (BitMEX: Withdrawable Balance)."""
        return self.available - max(0, self.unrealised)


class SpotBook:
    """The open orders of a spot instrument: buys hold quote and the worst fee, sells hold base."""

    __slots__ = ("base", "buy_held", "buy_weight", "contract", "quote")

    def __init__(self, contract: Contract, base: Purse, quote: Purse) -> None:
        self.contract = contract
        self.base = base
        self.quote = quote
        self.buy_weight = 0
        self.buy_held = 0

    def change(self, side: int, ticks: int, lots: int) -> None:
        """Add open lots; remove them, where negative."""
        contract = self.contract
        if side < 0:
            self.base.spot_held += lots * contract.base_per_lot
            return
        self.buy_weight += contract.weight_factor * ticks * lots
        numerator, denominator = contract.order_margin
        held = rounded_up(self.buy_weight * numerator, contract.weight_scale * denominator)
        self.quote.spot_held += held - self.buy_held
        self.buy_held = held

    def covers(self, ticks: int, lots: int) -> bool:
        """Spot orders hold what they hold: `reserve` says it."""
        return False

    def reserve(self, side: int, ticks: int, lots: int) -> tuple[Purse, int, int]:
        """Add open lots, and return the purse, how much more it holds for that, and what is left to spend."""
        purse = self.quote if side > 0 else self.base
        before = purse.spot_held
        self.change(side, ticks, lots)
        return purse, purse.spot_held - before, purse.spendable


class MarginBook:
    """The open orders and the position of one derivative, cross margined from its settle asset's purse.

    What orders and position hold is worked out when asked for and kept until an order, a fill or the mark changes it.
    """

    __slots__ = (
        "_held",
        "_order_margin",
        "_order_rate",
        "_unrealised",
        "_weighed",
        "buy_lots",
        "buy_weight",
        "contract",
        "mark_ticks",
        "position",
        "purse",
        "sell_lots",
        "sell_weight",
    )

    def __init__(self, contract: Contract, purse: Purse) -> None:
        self.contract = contract
        self.purse = purse
        self.position = Position(contract)
        self.mark_ticks = 0
        self.buy_lots = self.buy_weight = 0
        self.sell_lots = self.sell_weight = 0
        self._order_rate = contract.order_margin[0], contract.order_margin[1] * contract.weight_scale
        self._order_margin: int | None = 0
        self._unrealised: int | None = 0
        self._held: tuple[int, int] | None = 0, 0
        self._weighed = 0, 0
        """The last price asked for and a lot's weight there: an order asks when it comes, and again when it goes."""
        purse.books.append(self)

    def change(self, side: int, ticks: int, lots: int) -> None:
        """Add open lots; remove them, where negative."""
        weight = self._weight(ticks) * lots
        if side > 0:
            self.buy_lots += lots
            self.buy_weight += weight
        else:
            self.sell_lots += lots
            self.sell_weight += weight
        self._order_margin = None

    def covers(self, ticks: int, lots: int) -> bool:
        """Would open lots be backed even if they and all the others were charged in full? That is quick to say."""
        weight = self.buy_weight + self.sell_weight + self._weight(ticks) * lots
        numerator, denominator = self._order_rate
        return self.purse.backing(self) * denominator >= weight * numerator

    def reserve(self, side: int, ticks: int, lots: int) -> tuple[Purse, int, int]:
        """Add open lots, and return the purse, how much more margin that takes, and what is left available."""
        before = self.order_margin
        self.change(side, ticks, lots)
        return self.purse, self.order_margin - before, self.purse.available

    def mark(self, ticks: int) -> None:
        """Value the position at a price from now on."""
        self.mark_ticks = ticks
        self._unrealised = None

    def filled(self) -> None:
        """The position has changed."""
        self._order_margin = self._unrealised = self._held = None

    @property
    def unrealised(self) -> int:
        """Profit at the mark; 0 before there is one."""
        if self._unrealised is None:
            self._unrealised = self.position.unrealised(self.mark_ticks) if self.mark_ticks else 0
        return self._unrealised

    @property
    def order_margin(self) -> int:
        if self._order_margin is None:
            numerator, denominator = self._order_rate
            self._order_margin = rounded_up(self._charged_weight() * numerator, denominator)
        return self._order_margin

    @property
    def position_margin(self) -> int:
        return (self._held or self._hold())[0]

    @property
    def maintenance(self) -> int:
        return (self._held or self._hold())[1]

    def _hold(self) -> tuple[int, int]:
        """Initial and maintenance margin, each with the fee to close; they follow the entry cost, not the mark."""
        contract, cost = self.contract, self.position.cost
        if not cost:
            self._held = 0, 0
            return self._held
        cost = abs(cost)
        fee = rounded_up(cost * contract.exit_fee[0], contract.exit_fee[1])
        initial = rounded_up(cost * contract.initial_margin[0], contract.initial_margin[1])
        maintenance = rounded_up(cost * contract.maintenance_margin[0], contract.maintenance_margin[1])
        self._held = initial + fee, maintenance + fee
        return self._held

    def _weight(self, ticks: int) -> int:
        at, weight = self._weighed
        if at != ticks:
            weight = self.contract.weight(ticks)
            self._weighed = ticks, weight
        return weight

    def _charged_weight(self) -> int:
        """Orders that only reduce the position are free; beyond that, lots that could not both stay open count once.

        The venue's rule: sells are charged in full, buys by what they exceed them. Here the side charged in full is the
        one whose lots weigh more, so that a pair is always charged at its dearer price.
        """
        held, buys, sells = self.position.lots, self.buy_lots, self.sell_lots
        if held > 0:
            sells = sells - held if sells > held else 0
        elif held < 0:
            buys = buys + held if buys > -held else 0
        if buys and sells:
            if self.buy_weight * self.sell_lots >= self.sell_weight * self.buy_lots:
                sells = sells - buys if sells > buys else 0
            else:
                buys = buys - sells if buys > sells else 0
        weight = rounded_up(self.buy_weight * buys, self.buy_lots) if buys else 0
        return weight + rounded_up(self.sell_weight * sells, self.sell_lots) if sells else weight


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
