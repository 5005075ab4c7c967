"""Coinbase Exchange's REST rows as types. Numbers are decimal strings; absent and null fields differ and both survive."""

import msgspec
from msgspec import UNSET, UnsetType

Text = str | None | UnsetType
Flag = bool | None | UnsetType


class Row(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A row of any reply."""


class OrderRow(Row, frozen=True):
    """`status` is pending, open, active (a stop), done or rejected. A pending row lacks much of the rest."""

    id: str
    product_id: str
    side: str
    type: str
    status: str
    price: Text = UNSET
    size: Text = UNSET
    profile_id: Text = UNSET
    time_in_force: Text = UNSET
    post_only: Flag = UNSET
    created_at: Text = UNSET
    fill_fees: Text = UNSET
    filled_size: Text = UNSET
    executed_value: Text = UNSET
    settled: Flag = UNSET
    stp: Text = UNSET
    stop: Text = UNSET
    stop_price: Text = UNSET
    max_floor: Text = UNSET
    funds: Text = UNSET
    specified_funds: Text = UNSET
    expire_time: Text = UNSET
    client_oid: Text = UNSET
    done_at: Text = UNSET
    done_reason: Text = UNSET
    reject_reason: Text = UNSET
    market_type: Text = UNSET


class FillRow(Row, frozen=True):
    """`side` is ours, `liquidity` M (maker), T (taker) or O."""

    trade_id: int
    product_id: str
    order_id: str
    side: str
    price: str
    size: str
    fee: str
    liquidity: Text = UNSET
    user_id: Text = UNSET
    profile_id: Text = UNSET
    created_at: Text = UNSET
    settled: Flag = UNSET
    usd_volume: Text = UNSET


class AccountRow(Row, frozen=True):
    id: str
    currency: str
    balance: str
    hold: Text = UNSET
    available: Text = UNSET
    profile_id: Text = UNSET
    trading_enabled: Flag = UNSET
    pending_deposit: Text = UNSET
    display_name: Text = UNSET


class TradeRow(Row, frozen=True):
    """GET /products/{id}/trades; `side` is the MAKER's."""

    trade_id: int
    side: str
    size: str
    price: str
    time: str


class FeesRow(Row, frozen=True):
    maker_fee_rate: str
    taker_fee_rate: str
    usd_volume: Text = UNSET


CandleRow = tuple[int, float, float, float, float, float]
"""time (s, bucket start), LOW, HIGH, OPEN, CLOSE, volume; newest first; buckets without trades are missing."""
