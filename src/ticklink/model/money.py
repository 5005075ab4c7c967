"""Money: what a number of lots at a number of ticks is worth, in whole ledger units, exactly.

    contract = Contract.of(instrument)          built once; integers only from then on
    contract.value(ticks, lots)                 minor units of contract.asset (satoshi, 1e-6 USDt, cents ...)
    contract.cost(ticks, signed_lots)           the same, signed so that profit = cost now - cost then
    fee(value, rate)                            what a fill of that value pays at a rate (numerator, denominator)
    contract.price_of(signed_lots, cost)        the float price at which those lots have that cost, or None

The rules and where each comes from are in docs/accounts.md. Every rounding is to the nearest integer, ties to even.
"""

from decimal import Decimal
from fractions import Fraction

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument, Kind

Ratio = tuple[int, int]
"""An exact number: (numerator, denominator), the denominator positive."""

ZERO: Ratio = (0, 1)

ORDER_FEES_RESERVED = 2
"""An order's margin holds the taker fee twice, in and out (BitMEX support, "Margin Terms & Definitions")."""


def ratio(number: Decimal | int | str) -> Ratio:
    """A decimal number, exactly: ratio("0.0005") is (1, 2000)."""
    return Decimal(number).as_integer_ratio()


def rounded(numerator: int, denominator: int) -> int:
    """The integer nearest to a fraction, ties to even; rounded(-n, d) == -rounded(n, d), so a trade's sides cancel."""
    quotient, rest = divmod(numerator, denominator)
    rest += rest
    if rest > denominator or (rest == denominator and quotient & 1):
        return quotient + 1
    return quotient


def rounded_up(numerator: int, denominator: int) -> int:
    """The smallest integer not below a fraction: how margin is reserved."""
    return -(-numerator // denominator)


def fee(value: int, rate: Ratio) -> int:
    """What a fill of `value` pays; negative is a rebate (BitMEX: execComm = round(|execCost| x commission))."""
    return rounded(abs(value) * rate[0], rate[1])


class Contract(msgspec.Struct, frozen=True):
    """An instrument's terms as integers: build it once with `Contract.of` and keep it.

    A lot's *weight* at a price is its value before rounding, as an integer count of 1/`weight_scale` minor units.
    Weights add up exactly, in any order, which is what lets open orders be summed one at a time.
    """

    instrument: Instrument
    sym: str
    kind: Kind
    asset: str
    """What values, fees, profit and margin are counted in: the settle asset; the quote asset on spot."""
    asset_scale: int
    is_spot: bool
    is_inverse: bool
    weight_factor: int
    """Direct kinds: weight of one lot per tick. Inverse: units of size rounded one by one that are in a lot."""
    weight_scale: int
    inverse_unit: Ratio
    """Inverse: minor units that one unit of size is worth at one tick."""
    base_per_lot: int
    """Spot: minor units of the base asset in a lot."""
    maker_fee: Ratio
    taker_fee: Ratio
    initial_margin: Ratio
    maintenance_margin: Ratio
    order_margin: Ratio
    """Share of an order's value that backs it: derivatives initial margin and fees, spot buys 1 and the fee."""

    @classmethod
    def of(cls, instrument: Instrument) -> "Contract":
        """Raises InputError where the ledger cannot hold a spot lot exactly."""
        scale = instrument.quote_scale if instrument.is_spot else instrument.settle_scale
        factor, weight_scale, unit = (
            _inverse(instrument) if instrument.kind == "inverse" else _direct(instrument, scale)
        )
        return cls(
            instrument=instrument,
            sym=instrument.sym,
            kind=instrument.kind,
            asset=instrument.quote if instrument.is_spot else instrument.settle,
            asset_scale=scale,
            is_spot=instrument.is_spot,
            is_inverse=instrument.kind == "inverse",
            weight_factor=factor,
            weight_scale=weight_scale,
            inverse_unit=unit,
            base_per_lot=_base_per_lot(instrument) if instrument.is_spot else 0,
            maker_fee=ratio(instrument.maker_fee),
            taker_fee=ratio(instrument.taker_fee),
            initial_margin=ratio(instrument.initial_margin),
            maintenance_margin=ratio(instrument.maintenance_margin),
            order_margin=_order_margin(instrument),
        )

    def weight(self, ticks: int) -> int:
        """One lot's value at a price in 1/`weight_scale` minor units, unrounded but as the venue rounds a contract."""
        if self.is_inverse:
            numerator, denominator = self.inverse_unit
            return rounded(numerator, denominator * ticks) * self.weight_factor
        return self.weight_factor * ticks

    def value(self, ticks: int, lots: int) -> int:
        """Minor units of `asset`, negative for negative lots. Inverse: each unit of size is rounded, as BitMEX does."""
        if self.is_inverse:
            numerator, denominator = self.inverse_unit
            return rounded(numerator, denominator * ticks) * self.weight_factor * lots
        if self.weight_scale == 1:
            return self.weight_factor * ticks * lots
        return rounded(self.weight_factor * ticks * lots, self.weight_scale)

    def cost(self, ticks: int, lots: int) -> int:
        """The value signed as BitMEX's execCost: positive for a direct buy, negative for an inverse one."""
        return -self.value(ticks, lots) if self.is_inverse else self.value(ticks, lots)

    def price_of(self, lots: int, cost: int | Fraction) -> float | None:
        """The price at which signed lots have this cost, unrounded; None where no positive price does."""
        value = -cost if self.is_inverse else cost
        if value == 0 or (value > 0) != (lots > 0):
            return None
        return float(self._ticks_of(lots, value) * Fraction(*self.instrument.tick_ratio))

    def entry_price(self, lots: int, cost: int) -> float | None:
        """The average price of lots held at a cost; exactly the tick, where one tick explains the whole cost."""
        price = self.price_of(lots, cost) if lots else None
        if price is None:
            return None
        ticks = self.instrument.nearest_ticks(price)
        return self.instrument.price(ticks) if ticks > 0 and self.cost(ticks, lots) == cost else price

    def notionals(self, ticks: int, lots: int) -> tuple[float, float]:
        """(home, foreign): a fill in base and in quote units; a buy has home positive, foreign negative (BitMEX)."""
        size, price = self.instrument.exact_size(lots), self.instrument.exact_price(ticks)
        if self.is_inverse:
            return float(Decimal(self.value(ticks, lots)).scaleb(-self.asset_scale)), -float(
                size * self.instrument.multiplier
            )
        home = size if self.kind == "quanto" else size * self.instrument.multiplier
        return float(home), -float(home * price)

    def _ticks_of(self, lots: int, value: int | Fraction) -> Fraction:
        if self.is_inverse:
            return Fraction(*self.inverse_unit) * self.weight_factor * lots / value
        return Fraction(value) * self.weight_scale / (self.weight_factor * lots)


def _direct(instrument: Instrument, scale: int) -> tuple[int, int, Ratio]:
    per_tick = Fraction(instrument.tick) * Fraction(instrument.lot) * Fraction(instrument.multiplier) * 10**scale
    return per_tick.numerator, per_tick.denominator, ZERO


def _inverse(instrument: Instrument) -> tuple[int, int, Ratio]:
    lot = Fraction(instrument.lot)
    unit = Fraction(1) if lot.denominator == 1 else lot
    at_one_tick = Fraction(instrument.multiplier) * unit * 10**instrument.settle_scale / Fraction(instrument.tick)
    return int(lot / unit), 1, at_one_tick.as_integer_ratio()


def _base_per_lot(instrument: Instrument) -> int:
    amount = Fraction(instrument.lot) * Fraction(instrument.multiplier) * 10**instrument.base_scale
    if amount.denominator != 1:
        raise InputError(
            f"{instrument.src} {instrument.sym}: a lot of {instrument.lot} is not a whole number of "
            f"1e-{instrument.base_scale} {instrument.base}; give the instrument a larger base_scale"
        )
    return int(amount)


def _order_margin(instrument: Instrument) -> Ratio:
    worst = max(Decimal(0), instrument.taker_fee, instrument.maker_fee)
    return ratio(1 + worst if instrument.is_spot else instrument.initial_margin + ORDER_FEES_RESERVED * worst)
