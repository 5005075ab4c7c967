"""Instruments of each kind, with the venues' own terms, for tests about money."""

from decimal import Decimal

import msgspec

from ticklink.model.instruments import Instrument
from ticklink.model.money import Contract


def bitmex_inverse(*, lot: int = 100, tick: str = "0.5", **terms: Decimal) -> Contract:
    """XBTUSD: a contract is 1 USD, settled in XBT; lots of 100 since 2021, of 1 before."""
    return _on_margin(
        Instrument(
            src="bitmex",
            sym="XBTUSD",
            kind="inverse",
            base="XBT",
            quote="USD",
            settle="XBT",
            tick=Decimal(tick),
            lot=Decimal(lot),
        ),
        terms,
    )


def bitmex_quanto(**terms: Decimal) -> Contract:
    """UNIUSDT of 2021: native multiplier 1000, that is 1000 satoshi a contract per USDT of price."""
    return _on_margin(
        Instrument(
            src="bitmex",
            sym="UNIUSDT",
            kind="quanto",
            base="UNI",
            quote="USDT",
            settle="XBT",
            tick=Decimal("0.001"),
            lot=Decimal(1),
            multiplier=Decimal("0.00001"),
        ),
        terms,
    )


def bitmex_linear(*, sym: str = "XBTUSDT", multiplier: str = "0.000001", lot: int = 100, **terms: Decimal) -> Contract:
    """XBTUSDT: a contract is 1e-6 XBT, settled in USDT of six decimals."""
    return _on_margin(
        Instrument(
            src="bitmex",
            sym=sym,
            kind="linear",
            base="XBT",
            quote="USDT",
            settle="USDT",
            tick=Decimal("0.5"),
            lot=Decimal(lot),
            multiplier=Decimal(multiplier),
            settle_scale=6,
        ),
        terms,
    )


def coarse_linear() -> Contract:
    """A linear contract whose values seldom are whole ledger units, so that every rounding is exercised."""
    return bitmex_linear(sym="COARSE", multiplier="0.0000000071", lot=1)


def bitmex_spot(*, fee: str = "0.001") -> Contract:
    """XBT_USDT: sizes are counted in 1e-8 XBT."""
    return Contract.of(
        Instrument(
            src="bitmex",
            sym="XBT_USDT",
            kind="spot",
            base="XBT",
            quote="USDT",
            settle="USDT",
            tick=Decimal("0.5"),
            lot=Decimal(1000),
            multiplier=Decimal("0.00000001"),
            quote_scale=6,
            maker_fee=Decimal(fee),
            taker_fee=Decimal(fee),
        )
    )


def _on_margin(instrument: Instrument, terms: dict[str, Decimal]) -> Contract:
    """BitMEX's terms of 2019 to 2021, where a test does not say otherwise."""
    usual = {
        "initial_margin": Decimal("0.01"),
        "maintenance_margin": Decimal("0.005"),
        "maker_fee": Decimal("-0.00025"),
        "taker_fee": Decimal("0.00075"),
    }
    return Contract.of(msgspec.structs.replace(instrument, **(usual | terms)))
