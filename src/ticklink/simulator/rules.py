"""What each venue's order entry does differently, and the words it refuses with."""

from decimal import Decimal
from typing import Literal

import msgspec

from ticklink.model.money import Contract
from ticklink.simulator.accounts import Shortage


class Rejected(Exception):
    """The simulated venue said no: the HTTP status, error name and message its native API would answer."""

    def __init__(self, message: str, status: int = 400, name: str = "HTTPError") -> None:
        self.status, self.name, self.message = status, name, message
        super().__init__(message)


class Rules(msgspec.Struct, frozen=True):
    """One venue's order entry. Messages marked [M] in reference digests are constants here, to be changed in one place."""

    src: str
    amend: Literal["native", "replace"] = "native"
    """native: the order keeps its id, and its place when only its size shrinks. replace: cancelled and placed anew."""
    post_only_cross: Literal["canceled", "rejected"] = "canceled"
    """A post-only order that would take: accepted and cancelled at once (its status), or rejected."""
    max_open_orders: int = 200
    """Per symbol."""
    max_open_stops: int = 10
    requests_per_minute: int = 120
    duplicate_id: str = "Duplicate clOrdID"
    post_only_text: str = "Canceled: Order had execInst of ParticipateDoNotInitiate"
    reduce_only_text: str = "Canceled: Order had execInst of ReduceOnly"
    market_text: str = "Canceled: Order had ordType of Market"
    ioc_text: str = "Canceled: Order had timeInForce of ImmediateOrCancel"
    fok_text: str = "Canceled: Order had timeInForce of FillOrKill"
    day_text: str = "Canceled: Order had timeInForce of Day"
    cancel_text: str = "Canceled: Canceled via API."
    dead_man_text: str = "Canceled: Canceled by cancelAllAfter"
    liquidation_text: str = "Canceled: Position in liquidation"
    too_many_orders: str = "Too many open orders"
    too_many_stops: str = "Too many open stop orders"
    done_order: str = "Invalid ordStatus"
    nothing_amended: str = "Invalid amend: orderQty, leavesQty, price, stopPx unchanged"
    unknown_order: str = "Not Found"

    def shortage(self, contract: Contract, shortage: Shortage) -> str:
        """The words for an order that the account cannot back."""
        if self.src == "bitmex":
            unit = {"XBT": "XBt", "USDT": "USDt"}.get(shortage.asset, shortage.asset)
            return f"Account has insufficient Available Balance, {shortage.required} {unit} required"
        scale = contract.asset_scale if shortage.asset == contract.asset else contract.instrument.base_scale
        needed, there = (Decimal(minor).scaleb(-scale).normalize() for minor in (shortage.required, shortage.available))
        return f"{self.insufficient}: {needed:f} {shortage.asset} required, {there:f} available"

    @property
    def insufficient(self) -> str:
        return "Insufficient funds" if self.src == "coinbasepro" else "The available balance is not enough"


BITMEX = Rules("bitmex")
COINBASE = Rules(
    "coinbasepro",
    amend="replace",
    post_only_cross="rejected",
    max_open_orders=500,
    requests_per_minute=900,
    duplicate_id="Duplicate client_oid",
    post_only_text="post only",
    done_order="Order already done",
    unknown_order="NotFound",
)
WOO = Rules(
    "woo",
    post_only_cross="rejected",
    requests_per_minute=300,
    duplicate_id="The client order id is duplicated",
    post_only_text="post only order would be filled immediately",
    done_order="The order is completed and can not be edited",
    unknown_order="The order can not be found",
)


def rules_of(src: str) -> Rules:
    """The rules of a venue; BitMEX's where it has none of its own."""
    for rules in (BITMEX, COINBASE, WOO):
        if rules.src == src:
            return rules
    return BITMEX
