"""Instrument: the terms of one contract, and exact conversion between its prices, sizes, ticks and lots."""

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Literal

import msgspec

Kind = Literal["spot", "linear", "inverse", "quanto"]

INSTRUMENT_KINDS: dict[Kind, str] = {
    "spot": "exchanges the base asset for the quote asset",
    "linear": "value = size x multiplier x price, in the quote asset, which is also the settle asset",
    "inverse": "value = size x multiplier / price, in the base asset, which is also the settle asset",
    "quanto": "value = size x multiplier x price, in a third asset",
}


class Asset(msgspec.Struct, frozen=True):
    """An asset as a venue accounts for it: its name and how many decimals its ledger keeps."""

    name: str
    scale: int
    """Ledger amounts are integers of 10**-scale: XBT has 8 (satoshi), BitMEX's USDT 6."""

    def major(self, minor: int) -> Decimal:
        """A ledger amount in whole units, exactly."""
        return Decimal(minor).scaleb(-self.scale)

    def minor(self, major: Decimal) -> int:
        """A whole-unit amount as ledger units, rounded half to even."""
        return int(major.scaleb(self.scale).to_integral_value())


class Instrument(msgspec.Struct, frozen=True, dict=True):
    """The terms of one contract at one venue.

    Prices are quoted in `quote` per unit of `base` and move in steps of `tick`. Sizes are in the venue's own unit (contracts on
    derivatives, base units on spot; BitMEX spot counts 1e-8 base units) and move in steps of `lot`. `multiplier` is the value
    of one unit of size, always positive: in `settle` per unit of price for linear and quanto, in quote currency for inverse
    (XBTUSD: one contract is 1 USD), in base units for spot (1 where size is in base units).
    """

    src: str
    sym: str
    kind: Kind
    base: str
    quote: str
    settle: str
    tick: Decimal
    lot: Decimal
    multiplier: Decimal = Decimal(1)
    settle_scale: int = 8
    base_scale: int = 8
    quote_scale: int = 8
    min_size: Decimal | None = None
    max_size: Decimal | None = None
    max_price: Decimal | None = None
    min_notional: Decimal | None = None
    """Smallest price x size in the quote asset (spot venues)."""
    maker_fee: Decimal = Decimal(0)
    """Share of the value; negative is a rebate."""
    taker_fee: Decimal = Decimal(0)
    initial_margin: Decimal = Decimal(1)
    """Share of a position's value; 1 means fully paid."""
    maintenance_margin: Decimal = Decimal(0)
    funding_interval_h: int | None = None
    native: dict[str, object] = msgspec.field(default_factory=dict)
    """The venue's own instrument row, as a bot sees it in `Link.instruments`."""

    @property
    def is_spot(self) -> bool:
        return self.kind == "spot"

    @cached_property
    def tick_ratio(self) -> tuple[int, int]:
        """The tick as a fraction of integers."""
        return self.tick.as_integer_ratio()

    @cached_property
    def lot_ratio(self) -> tuple[int, int]:
        """The lot as a fraction of integers."""
        return self.lot.as_integer_ratio()

    @cached_property
    def most_ticks(self) -> int | None:
        """The highest price in ticks."""
        return None if self.max_price is None else floor(Fraction(self.max_price) / Fraction(self.tick))

    @cached_property
    def lots_range(self) -> tuple[int, int | None]:
        """The smallest and the largest order in lots."""
        lot = Fraction(self.lot)
        least = 0 if self.min_size is None else ceil(Fraction(self.min_size) / lot)
        return least, None if self.max_size is None else floor(Fraction(self.max_size) / lot)

    def price(self, ticks: int) -> float:
        """The price of a number of ticks, correctly rounded: 643505 ticks of 0.1 is exactly the float 64350.5."""
        numerator, denominator = self.tick_ratio
        return ticks * numerator / denominator

    def size(self, lots: int) -> float:
        """The size of a number of lots, correctly rounded."""
        numerator, denominator = self.lot_ratio
        return lots * numerator / denominator

    def exact_price(self, ticks: int) -> Decimal:
        return ticks * self.tick

    def exact_size(self, lots: int) -> Decimal:
        return lots * self.lot

    def nearest_ticks(self, price: float) -> int:
        """The number of ticks nearest to a price."""
        numerator, denominator = self.tick_ratio
        return round(price * denominator / numerator)

    def nearest_lots(self, size: float) -> int:
        """The number of lots nearest to a size."""
        numerator, denominator = self.lot_ratio
        return round(size * denominator / numerator)
