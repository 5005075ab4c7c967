"""How figures are written for people: amounts, shares, times and the groups that metrics are shown in."""

from datetime import UTC, datetime
from typing import Any

NONE = "–"
"""Shown for what is undefined."""
MINUS = "−"
DOLLARS = ("USD", "USDT", "USDC")

UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


def number(value: float | None, *, digits: int = 8, signed: bool = False) -> str:
    """Grouped, with up to `digits` decimals and no trailing zeros beyond what tells: 12,345.5"""
    if value is None:
        return NONE
    text = f"{abs(value):,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text and digits > 2 else text
    return _sign(text, value, signed) + text


def amount(value: float | None, currency: str) -> str:
    """An amount of money: cents for dollars, eight decimals for coins."""
    if value is None:
        return NONE
    text = f"{abs(value):,.2f}" if currency in DOLLARS and (abs(value) >= 0.01 or value == 0) else number(abs(value))
    return f"{_sign(text, value, False)}{text} {currency}"


def signed_amount(value: float | None, currency: str) -> str:
    text = amount(value, currency)
    return f"+{text}" if value and value > 0 else text


def share(value: float | None, *, signed: bool = False) -> str:
    """A share as per cent, with the decimals it needs: 12.3 %, 0.042 %"""
    if value is None:
        return NONE
    percent = abs(value) * 100
    text = (
        f"{percent:,.1f}" if percent >= 10 else f"{percent:.2f}" if percent >= 0.1 or percent == 0 else f"{percent:.2g}"
    )
    return f"{_sign(text, value, signed)}{text} %"


def duration(length_ms: float | None) -> str:
    """The two largest units: 1 d 4 h, 12 min 5 s"""
    if length_ms is None:
        return NONE
    left = round(length_ms)
    parts: list[str] = []
    for unit, size in UNITS_MS:
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size} {unit}")
        left %= size
    return " ".join(parts) or "0 s"


def utc(time_ms: int | None) -> str:
    """2026-01-31 12:30"""
    return NONE if time_ms is None else f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def figure_groups(metrics: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every metric of docs/metrics.md that a page or a terminal lists, as (group, [(name, value)])."""
    return [
        ("Result", _result(metrics)),
        ("Risk", _risk(metrics)),
        ("Trading", _trading(metrics)),
        ("Orders", _orders(metrics)),
    ]


def _result(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    currency = str(metrics.get("currency", ""))
    by_asset = metrics.get("net_pnl_by_asset", {})
    return [
        ("net P&L", signed_amount(metrics.get("net_pnl"), currency)),
        *((f"net P&L in {asset}", number(value, signed=True)) for asset, value in by_asset.items()),
        ("return", share(metrics.get("return"), signed=True)),
        ("fees paid", amount(metrics.get("fees"), currency)),
        ("funding", signed_amount(metrics.get("funding"), currency)),
        ("deposits", amount(metrics.get("deposits"), currency)),
        ("price of deposits", signed_amount(metrics.get("holdings_pnl"), currency)),
        ("equity at the end", amount(metrics.get("end_equity"), currency)),
        ("buy and hold", share(metrics.get("buy_and_hold_return"), signed=True)),
    ]


def _risk(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    currency = str(metrics.get("currency", ""))
    fall, exposure = metrics.get("max_drawdown") or {}, metrics.get("exposure") or {}
    return [
        ("max drawdown", share(fall.get("share"))),
        ("max drawdown, amount", amount(fall.get("amount"), currency)),
        ("from its peak", utc(fall.get("from"))),
        ("to its low", utc(fall.get("to"))),
        ("Sharpe ratio", number(metrics.get("sharpe"), digits=2)),
        ("Sortino ratio", number(metrics.get("sortino"), digits=2)),
        ("of returns each", duration(metrics.get("return_period_ms"))),
        ("exposure, mean", share(exposure.get("average"))),
        ("exposure, max", share(exposure.get("max"))),
        ("exposure, max amount", amount(metrics.get("max_exposure"), currency)),
    ]


def _trading(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    largest = metrics.get("max_position", {})
    return [
        ("fills", number(metrics.get("fills"))),
        ("turnover", amount(metrics.get("turnover"), str(metrics.get("currency", "")))),
        ("closing trades", number(metrics.get("closing_trades"))),
        ("hit rate", share(metrics.get("hit_rate"))),
        ("profit factor", number(metrics.get("profit_factor"), digits=2)),
        ("average holding time", duration(metrics.get("average_holding_time_ms"))),
        ("time in market", share(metrics.get("time_in_market"))),
        ("maker share", share(metrics.get("maker_share"))),
        *((f"largest position, {market}", number(size)) for market, size in largest.items()),
    ]


def _orders(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("orders", number(metrics.get("orders"))),
        ("cancelled", number(metrics.get("cancels"))),
        ("amendments", number(metrics.get("amendments"))),
        ("rejected", number(metrics.get("rejected"))),
        ("fill ratio", share(metrics.get("fill_ratio"))),
        ("fill ratio by size", share(metrics.get("fill_ratio_by_size"))),
        ("order-to-trade ratio", number(metrics.get("order_to_trade"), digits=2)),
    ]


def _sign(text: str, value: float, signed: bool) -> str:
    """The sign of a written number: none where it reads as zero."""
    if not any(digit in "123456789" for digit in text):
        return ""
    return MINUS if value < 0 else "+" if signed else ""
