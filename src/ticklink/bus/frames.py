"""The dict shapes a bot sees, written once. docs/bot-api.md is their contract; everything here is plain data.

Market data dicts are built in the replay loop too (backtest/replay.py), where a call per event would cost; a test holds the
two to be equal.
"""

from typing import Any

from ticklink.model.requests import Reply


def quote(bid: float, bid_size: float, ask: float, ask_size: float, time_ms: int) -> dict[str, Any]:
    return {"bid": [bid, bid_size], "ask": [ask, ask_size], "time": time_ms}


def trade(side: str, price: float, size: float, time_ms: int) -> dict[str, Any]:
    """`side` is the taker's."""
    return {"side": side, "price": price, "size": size, "time": time_ms}


def order(
    sym: str,
    side: str,
    order_price: float | None,
    order_size: float,
    remain_size: float,
    order_type: str,
    time_ms: int,
    order_id: str,
    client_order_id: str,
    status: str,
) -> dict[str, Any]:
    """An order as Exchange API calls return it."""
    return {
        "sym": sym,
        "side": side,
        "order_price": order_price,
        "order_size": order_size,
        "remain_size": remain_size,
        "order_type": order_type,
        "time": time_ms,
        "order_id": order_id,
        "client_order_id": client_order_id,
        "status": status,
    }


def order_update(venue: str, row: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """An order row as `order_update` gets it: with its venue and the venue's own row, without the symbol."""
    return {
        "venue": venue,
        "side": row["side"],
        "order_price": row["order_price"],
        "order_size": row["order_size"],
        "remain_size": row["remain_size"],
        "order_type": row["order_type"],
        "time": row["time"],
        "order_id": row["order_id"],
        "client_order_id": row["client_order_id"],
        "status": row["status"],
        "info": info,
    }


def fill_update(
    venue: str,
    side: str,
    fill_price: float,
    fill_size: float,
    cum_size: float,
    order_type: str,
    time_ms: int,
    order_id: str,
    client_order_id: str,
    trade_id: str,
    liquidity: str,
    fee: float,
    fee_asset: str,
    info: dict[str, Any],
) -> dict[str, Any]:
    """One fill: `fill_size` is what this fill filled, `cum_size` what the order has filled so far."""
    return {
        "venue": venue,
        "side": side,
        "fill_price": fill_price,
        "fill_size": fill_size,
        "cum_size": cum_size,
        "order_type": order_type,
        "time": time_ms,
        "order_id": order_id,
        "client_order_id": client_order_id,
        "trade_id": trade_id,
        "liquidity": liquidity,
        "fee": fee,
        "fee_asset": fee_asset,
        "info": info,
    }


def position_update(
    venue: str,
    pos_size: float,
    mark_price: float | None,
    entry_price: float | None,
    liq_price: float | None,
    time_ms: int,
    info: dict[str, Any],
) -> dict[str, Any]:
    """`pos_size` is signed: negative when short."""
    return {
        "venue": venue,
        "pos_size": pos_size,
        "mark_price": mark_price,
        "entry_price": entry_price,
        "liq_price": liq_price,
        "time": time_ms,
        "info": info,
    }


def position(
    sym: str,
    side: str,
    entry_price: float | None,
    liq_price: float | None,
    pos_size: float,
    mark_price: float | None,
    time_ms: int,
) -> dict[str, Any]:
    """A position as `fetch_positions` returns it."""
    return {
        "sym": sym,
        "side": side,
        "entry_price": entry_price,
        "liq_price": liq_price,
        "pos_size": pos_size,
        "mark_price": mark_price,
        "time": time_ms,
    }


def candle(time_ms: int, open_: float, high: float, low: float, close: float, volume: float) -> dict[str, Any]:
    """A candle as `fetch_candles` returns it; `time_ms` is its bucket's start."""
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume, "time": time_ms}


def balance(asset: str, amount: float) -> dict[str, Any]:
    return {"asset": asset, "amount": amount}


def reply(answer: Reply) -> dict[str, Any]:
    """The envelope of every Exchange API call."""
    failure, limits = answer.failure, answer.rate_limits
    envelope: dict[str, Any] = {
        "src": answer.src,
        "venue": answer.venue,
        "data": answer.data,
        "error": None if failure is None else {"type": failure.error_type, "message": failure.message},
        "rate_limits": None if limits is None else {"remaining": limits.remaining, "reset": limits.reset},
    }
    if answer.venue_id is not None:
        envelope["venue_id"] = answer.venue_id
    return envelope
