"""Position: signed lots and what they cost, carried at average cost through any order of fills, in constant time each.

    position = Position(contract)
    realised = position.apply(side * lots, ticks, contract.cost(ticks, side * lots))    minor units, before fees

Cost has BitMEX's sign (model.money): what is realised is always minus the sum of the costs that met. The identity
`position.cost == sum of all costs applied + position.realised` holds exactly after every fill: a position that ends
flat has realised exactly what its fills' values say, whatever was rounded on the way.
"""

from ticklink.model.money import Contract, rounded


class Position:
    """What is held of one instrument, and what it has brought so far.

    `lots` is signed; `cost` is the cost of what is held now (BitMEX: unrealisedCost); `realised` is before `fees` (paid
    is positive) and `funding` (received is positive). All money is in minor units of `contract.asset`.
    """

    __slots__ = ("contract", "cost", "entry_ticks", "fees", "funding", "lots", "realised")

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.lots = 0
        self.cost = 0
        self.entry_ticks = 0
        """The price of all that is held, where it is one; else 0."""
        self.realised = 0
        self.fees = 0
        self.funding = 0

    def apply(self, lots: int, ticks: int, cost: int) -> int:
        """Take a fill of signed lots at a price and its cost, and return what it realised.

        A fill against the position releases cost pro rata, to the nearest minor unit; the rest stays with what is
        still held. A fill past flat is split the same way: the part that closes realises, the rest opens.
        """
        held = self.lots
        after = self.lots = held + lots
        if held == 0 or (held > 0) == (lots > 0):
            self.cost += cost
            self.entry_ticks = ticks if held == 0 or ticks == self.entry_ticks else 0
            return 0
        if after == 0 or (after > 0) == (held > 0):
            released = self.cost if after == 0 else rounded(self.cost * abs(lots), abs(held))
            self.cost -= released
            realised = -released - cost
        else:
            closing = rounded(cost * abs(held), abs(lots))
            realised = -self.cost - closing
            self.cost = cost - closing
            self.entry_ticks = ticks
        self.realised += realised
        return realised

    @property
    def net_realised(self) -> int:
        """Realised profit after fees and funding (BitMEX: realisedPnl)."""
        return self.realised - self.fees + self.funding

    @property
    def entry_price(self) -> float | None:
        """The price of what is held, or its average by cost; None when flat."""
        if self.lots and self.entry_ticks:
            return self.contract.instrument.price(self.entry_ticks)
        return self.contract.price_of(self.lots, self.cost) if self.lots else None

    @property
    def break_even_price(self) -> float | None:
        """Where closing would bring realised profit, fees and funding so far to zero; None when flat or nowhere."""
        return self.contract.price_of(self.lots, self.cost - self.net_realised) if self.lots else None

    def unrealised(self, mark_ticks: int) -> int:
        """Profit of closing at a price, before fees."""
        return self.contract.cost(mark_ticks, self.lots) - self.cost if self.lots else 0
