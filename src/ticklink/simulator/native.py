"""Which venue's native rows and REST face a simulated exchange shows."""

from typing import Any, Protocol

from ticklink.model.positions import Position
from ticklink.simulator.bitmex import BitmexFace
from ticklink.simulator.bitmex_market import Buckets
from ticklink.simulator.bitmex_rows import BitmexRows
from ticklink.simulator.coinbasepro import CoinbaseRows
from ticklink.simulator.exchange import Exchange, Fill
from ticklink.simulator.orders import Order
from ticklink.simulator.venue import NativeFace
from ticklink.simulator.woo import WooRows


class NativeRows(Protocol):
    """The venue's own rows, as a bot finds them under `info`. Each tells of its subject as it is when it is asked for."""

    def order_info(self, order: Order) -> dict[str, Any]: ...

    def fill_info(self, fill: Fill) -> dict[str, Any]: ...

    def position_info(
        self, position: Position, mark_price: float | None, liq_price: float | None, now_ns: int
    ) -> dict[str, Any]: ...


class NoRows:
    """A venue whose rows are not simulated."""

    def order_info(self, order: Order) -> dict[str, Any]:
        return {}

    def fill_info(self, fill: Fill) -> dict[str, Any]:
        return {}

    def position_info(
        self, position: Position, mark_price: float | None, liq_price: float | None, now_ns: int
    ) -> dict[str, Any]:
        return {}


def rows_of(src: str) -> NativeRows:
    """A venue's rows; empty ones where it has none here."""
    known: dict[str, NativeRows] = {"bitmex": BitmexRows(), "coinbasepro": CoinbaseRows(), "woo": WooRows()}
    return known.get(src) or NoRows()


def face_of(src: str, exchange: Exchange, candles: Buckets) -> NativeFace | None:
    """A venue's REST API over an exchange, or None where it has none here."""
    return BitmexFace(exchange, candles) if src == "bitmex" else None
