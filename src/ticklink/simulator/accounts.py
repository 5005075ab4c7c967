"""Account: the wallets and positions of one user at one simulated venue, in whole minor units of each asset.

    account = Account("BitMEX", "bitmex", {"XBT": 100_000_000}, time_ns=now)
    shortage = account.reserve(contract, side, ticks, lots)     None: margin or funds are held; else what was missing
    account.release(contract, side, ticks, lots)                the same terms, or fewer lots: cancelled or filling
    filled = account.apply_fill(contract, side, ticks, lots, rate, time_ns)     rate: contract.maker_fee / taker_fee
    account.set_mark(contract, ticks)                           unrealised profit, margin and liquidation follow it
    account.margin(asset), account.wallets, account.positions[sym], account.ledger

`side` is +1 to buy and -1 to sell; `lots` are positive. A fill does not release its order's reservation: release the
filled lots at the order's own price first, then apply the fill at the price it traded at. Every change of a wallet is
an entry of the ledger, and the entries of an asset always sum to its wallet. Rules and sources: docs/accounts.md.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from ticklink.model.money import Contract, Ratio, fee, rounded
from ticklink.model.positions import Position
from ticklink.simulator.margin import MarginBook, MarginSummary, Purse, SpotBook

Kind = Literal["deposit", "pnl", "fee", "funding", "trade", "liquidation"]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One change of a wallet, in minor units; `sym` is empty for deposits."""

    time_ns: int
    asset: str
    amount: int
    kind: Kind
    sym: str


class Filled(msgspec.Struct, frozen=True, gc=False):
    """What a fill did, in minor units of `asset`: its value, its fee (positive: paid), the profit before the fee."""

    asset: str
    value: int
    fee: int
    realised: int


class Shortage(msgspec.Struct, frozen=True):
    """Why an order could not be reserved: it would have taken `required` minor units of `asset`."""

    asset: str
    required: int
    available: int


class Liquidated(msgspec.Struct, frozen=True):
    """A position taken over: its lots, its bankruptcy price (None: not a positive price), what the wallet got."""

    contract: Contract
    lots: int
    price: float | None
    amount: int


class Account:
    """One user's money at one venue; see the module's docstring for its use."""

    def __init__(self, venue: str, src: str, deposits: Mapping[str, int], *, time_ns: int = 0) -> None:
        self.venue = venue
        self.src = src
        self.positions: dict[str, Position] = {}
        """Of derivatives, by symbol, from their first order or fill on."""
        self.ledger: list[Entry] = []
        self._purses: dict[str, Purse] = {}
        self._books: dict[str, SpotBook | MarginBook] = {}
        for asset, minor in deposits.items():
            self.deposit(asset, minor, time_ns)

    @property
    def wallets(self) -> dict[str, int]:
        """Balance of every asset."""
        return {asset: purse.balance for asset, purse in self._purses.items()}

    def deposit(self, asset: str, minor: int, time_ns: int) -> None:
        purse = self._purse(asset)
        purse.deposited += minor
        self._post(purse, minor, "deposit", "", time_ns)

    # Open orders

    def reserve(self, contract: Contract, side: int, ticks: int, lots: int) -> Shortage | None:
        """Hold what an order needs, or hold nothing and say what is missing; needing nothing always passes."""
        book = self._books.get(contract.sym) or self._open(contract)
        if book.covers(ticks, lots):
            book.change(side, ticks, lots)
            return None
        purse, required, left = book.reserve(side, ticks, lots)
        if left >= 0 or required <= 0:
            return None
        book.change(side, ticks, -lots)
        return Shortage(purse.asset, required, left + required)

    def covers(self, contract: Contract, ticks: int, lots: int) -> bool:
        """Is an order backed for certain, whatever waits already? Quick to say; False leaves it open."""
        return (self._books.get(contract.sym) or self._open(contract)).covers(ticks, lots)

    def hold(self, contract: Contract, side: int, ticks: int, lots: int) -> None:
        """Hold what an order needs, there or not: puts back an order whose amendment was refused."""
        (self._books.get(contract.sym) or self._open(contract)).change(side, ticks, lots)

    def release(self, contract: Contract, side: int, ticks: int, lots: int) -> None:
        """Give back what was held for lots of an order at its price."""
        self._books[contract.sym].change(side, ticks, -lots)

    # What happens to the account

    def apply_fill(self, contract: Contract, side: int, ticks: int, lots: int, rate: Ratio, time_ns: int) -> Filled:
        """Trade lots: spot moves both assets, a derivative realises profit; the fee is of `contract.asset`."""
        book = self._books.get(contract.sym) or self._open(contract)
        value = contract.value(ticks, lots)
        charge = fee(value, rate)
        if isinstance(book, SpotBook):
            return self._fill_spot(book, side, lots, value, charge, time_ns)
        cost = value if (side > 0) != contract.is_inverse else -value
        return self._fill_margin(book, side * lots, ticks, cost, charge, time_ns)

    def apply_funding(self, contract: Contract, rate: Ratio, mark_ticks: int, time_ns: int) -> int:
        """Pay funding on the position's value at the mark, longs if the rate is positive; returns what came in."""
        position = self.positions.get(contract.sym)
        if position is None or not position.lots:
            return 0
        amount = -rounded(contract.value(mark_ticks, position.lots) * rate[0], rate[1])
        position.funding += amount
        self._post(self._purse(contract.asset), amount, "funding", contract.sym, time_ns)
        return amount

    def set_mark(self, contract: Contract, ticks: int) -> None:
        """Value the contract's position at this price from now on."""
        book = self._books.get(contract.sym) or self._open(contract)
        if isinstance(book, MarginBook):
            book.mark(ticks)

    # What it comes to

    def margin(self, asset: str) -> MarginSummary:
        return MarginSummary.of(self._look(asset))

    def unrealised(self, sym: str) -> int:
        """A position's profit at its mark."""
        book = self._books.get(sym)
        return book.unrealised if isinstance(book, MarginBook) else 0

    def equity(self, asset: str) -> int:
        """Wallet and unrealised profit."""
        return self._look(asset).equity

    # Liquidation

    def liquidation_price(self, sym: str) -> float | None:
        """The mark at which equity meets the maintenance margin, other marks unchanged; None where there is none."""
        return self._price_at_equity(sym, self._maintenance(sym))

    def bankruptcy_price(self, sym: str) -> float | None:
        """The mark at which equity is gone, other marks unchanged; None where there is none."""
        return self._price_at_equity(sym, 0)

    def is_liquidatable(self, asset: str) -> bool:
        """Does the asset's equity no longer exceed the maintenance margin of its positions?"""
        purse = self._look(asset)
        return purse.equity <= purse.maintenance and any(book.position.lots for book in purse.books)

    def withstands(self, asset: str, marks: Mapping[str, int]) -> bool:
        """Would its positions stand, each at its mark of these?"""
        purse = self._look(asset)
        spare = purse.balance
        for book in purse.books:
            position = book.position
            if position.lots:
                spare += position.unrealised(marks[book.contract.sym]) - book.maintenance
        return spare > 0

    def liquidate(self, asset: str, time_ns: int) -> list[Liquidated]:
        """Take over all positions of an asset at the prices that leave its wallet empty; cancel its orders before."""
        purse = self._look(asset)
        books = [book for book in purse.books if book.position.lots]
        lost = purse.equity
        weights = [max(1, book.maintenance) for book in books]
        taken = []
        for number, book in enumerate(books):
            share = rounded(lost * weights[number], sum(weights[number:]))
            lost -= share
            taken.append(self._take_over(book, book.unrealised - share, time_ns))
        return taken

    def _take_over(self, book: MarginBook, amount: int, time_ns: int) -> Liquidated:
        position = book.position
        lots = position.lots
        price = book.contract.price_of(lots, position.cost + amount)
        position.apply(-lots, 0, -position.cost - amount)
        self._post(book.purse, amount, "liquidation", book.contract.sym, time_ns)
        book.filled()
        return Liquidated(book.contract, lots, price, amount)

    def _price_at_equity(self, sym: str, equity: int) -> float | None:
        book = self._books.get(sym)
        if not isinstance(book, MarginBook) or not book.position.lots:
            return None
        others = book.purse.equity - book.unrealised
        return book.contract.price_of(book.position.lots, book.position.cost + equity - others)

    def _maintenance(self, sym: str) -> int:
        book = self._books.get(sym)
        return book.purse.maintenance if isinstance(book, MarginBook) else 0

    # How

    def _fill_spot(self, book: SpotBook, side: int, lots: int, value: int, charge: int, time_ns: int) -> Filled:
        contract = book.contract
        self._post(book.base, side * lots * contract.base_per_lot, "trade", contract.sym, time_ns)
        self._post(book.quote, -side * value, "trade", contract.sym, time_ns)
        self._post(book.quote, -charge, "fee", contract.sym, time_ns)
        return Filled(contract.asset, value, charge, 0)

    def _fill_margin(self, book: MarginBook, lots: int, ticks: int, cost: int, charge: int, time_ns: int) -> Filled:
        position, sym = book.position, book.contract.sym
        realised = position.apply(lots, ticks, cost)
        position.fees += charge
        if realised:
            self._post(book.purse, realised, "pnl", sym, time_ns)
        self._post(book.purse, -charge, "fee", sym, time_ns)
        book.filled()
        return Filled(book.purse.asset, abs(cost), charge, realised)

    def _post(self, purse: Purse, amount: int, kind: Kind, sym: str, time_ns: int) -> None:
        if amount:
            purse.balance += amount
            self.ledger.append(Entry(time_ns, purse.asset, amount, kind, sym))

    def _purse(self, asset: str) -> Purse:
        purse = self._purses.get(asset)
        if purse is None:
            purse = self._purses[asset] = Purse(asset)
        return purse

    def _look(self, asset: str) -> Purse:
        return self._purses.get(asset) or Purse(asset)

    def _open(self, contract: Contract) -> SpotBook | MarginBook:
        quote = self._purse(contract.asset)
        if contract.is_spot:
            book: SpotBook | MarginBook = SpotBook(contract, self._purse(contract.instrument.base), quote)
        else:
            book = MarginBook(contract, quote)
            self.positions[contract.sym] = book.position
        self._books[contract.sym] = book
        return book
