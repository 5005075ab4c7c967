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
    quotient = numerator // denominator
    twice_rest = 2 * (numerator - quotient * denominator)
    if twice_rest > denominator or (twice_rest == denominator and quotient & 1):
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
    """Direct kinds: weight of one lot at one tick."""
    weight_scale: int
    inverse_lot: Ratio
    """Inverse: minor units that one lot is worth at one tick."""
    base_per_lot: int
    """Spot: minor units of the base asset in a lot."""
    maker_fee: Ratio
    taker_fee: Ratio
    initial_margin: Ratio
    maintenance_margin: Ratio
    exit_fee: Ratio
    """What closing a position is expected to pay: the worst of the fees, never a rebate."""
    order_margin: Ratio
    """Share of an order's value that backs it: derivatives initial margin and fees, spot buys 1 and the fee."""

    @classmethod
    def of(cls, instrument: Instrument) -> "Contract":
        """Raises InputError where the ledger cannot hold a spot lot exactly."""
        scale = instrument.quote_scale if instrument.is_spot else instrument.settle_scale
        per_tick, inverse_lot = _terms(instrument, scale)
        return cls(
            instrument=instrument,
            sym=instrument.sym,
            kind=instrument.kind,
            asset=instrument.quote if instrument.is_spot else instrument.settle,
            asset_scale=scale,
            is_spot=instrument.is_spot,
            is_inverse=instrument.kind == "inverse",
            weight_factor=per_tick[0],
            weight_scale=per_tick[1],
            inverse_lot=inverse_lot,
            base_per_lot=_base_per_lot(instrument) if instrument.is_spot else 0,
            maker_fee=ratio(instrument.maker_fee),
            taker_fee=ratio(instrument.taker_fee),
            initial_margin=ratio(instrument.initial_margin),
            maintenance_margin=ratio(instrument.maintenance_margin),
            exit_fee=ratio(_worst_fee(instrument)),
            order_margin=_order_margin(instrument),
        )

    def weight(self, ticks: int) -> int:
        """One lot's value at a price in 1/`weight_scale` minor units, unrounded but as an inverse lot is."""
        if self.is_inverse:
            numerator, denominator = self.inverse_lot
            return rounded(numerator, denominator * ticks)
        return self.weight_factor * ticks

    def value(self, ticks: int, lots: int) -> int:
        """Minor units of `asset`, negative for negative lots. Inverse: a lot is rounded, as BitMEX does."""
        if self.is_inverse:
            numerator, denominator = self.inverse_lot
            return rounded(numerator, denominator * ticks) * lots
        if self.weight_scale == 1:
            return self.weight_factor * ticks * lots
        return rounded(self.weight_factor * ticks * lots, self.weight_scale)

    def cost(self, ticks: int, lots: int) -> int:
        """The value signed as BitMEX's execCost: positive for a direct buy, negative for an inverse one."""
        return -self.value(ticks, lots) if self.is_inverse else self.value(ticks, lots)

    def price_of(self, lots: int, cost: int) -> float | None:
        """The price at which signed lots have this cost, unrounded; None where no positive price does."""
        value = -cost if self.is_inverse else cost
        if value == 0 or (value > 0) != (lots > 0):
            return None
        return float(self._ticks_of(lots, value) * Fraction(*self.instrument.tick_ratio))

    def notionals(self, ticks: int, lots: int, *, settle_price: float = 1.0) -> tuple[float, float]:
        """(home, foreign): a fill in base and in quote units; a buy has home positive, foreign negative (BitMEX).

        A quanto fill has them only at the settle asset's own price in the quote asset, `settle_price`.
        """
        value, price = float(Decimal(self.value(ticks, lots)).scaleb(-self.asset_scale)), self.instrument.price(ticks)
        if self.is_inverse:
            return value, -float(self.instrument.exact_size(lots) * self.instrument.multiplier)
        if self.kind == "quanto":
            return value * settle_price / price, -value * settle_price
        return float(self.instrument.exact_size(lots) * self.instrument.multiplier), -value

    def _ticks_of(self, lots: int, value: int) -> Fraction:
        if self.is_inverse:
            return Fraction(*self.inverse_lot) * lots / value
        return Fraction(value * self.weight_scale, self.weight_factor * lots)


def _terms(instrument: Instrument, scale: int) -> tuple[Ratio, Ratio]:
    """A lot's minor units per tick, and those at one tick where they fall as the price rises."""
    worth = Fraction(instrument.lot) * Fraction(instrument.multiplier) * 10**scale
    if instrument.kind == "inverse":
        return (1, 1), (worth / Fraction(instrument.tick)).as_integer_ratio()
    return (worth * Fraction(instrument.tick)).as_integer_ratio(), ZERO


def _base_per_lot(instrument: Instrument) -> int:
    amount = Fraction(instrument.lot) * Fraction(instrument.multiplier) * 10**instrument.base_scale
    if amount.denominator != 1:
        raise InputError(
            f"{instrument.src} {instrument.sym}: a lot of {instrument.lot} is not a whole number of "
            f"1e-{instrument.base_scale} {instrument.base}; give the instrument a larger base_scale"
        )
    return int(amount)


def _order_margin(instrument: Instrument) -> Ratio:
    fee = _worst_fee(instrument)
    return ratio(1 + fee if instrument.is_spot else instrument.initial_margin + ORDER_FEES_RESERVED * fee)


def _worst_fee(instrument: Instrument) -> Decimal:
    return max(Decimal(0), instrument.taker_fee, instrument.maker_fee)
