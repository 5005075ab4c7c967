"""The words and figures of a report, as escaped HTML: header, cards, every metric, assumptions and how it ended."""

from collections.abc import Iterable
from html import escape
from pathlib import PurePath
from typing import Any

import msgspec

from ticklink.backtest.figures import amount, duration, figure_groups, number, share, signed_amount, utc
from ticklink.backtest.result import Result

SECTIONS = {
    "fills": "Fills",
    "orders": "Orders",
    "signals": "Signals",
    "published": "Published messages",
    "log": "Log",
}


class Header(msgspec.Struct, frozen=True):
    title: str
    html: str


def header(result: Result) -> Header:
    """Who ran, on what, when and how it ended."""
    run = result.run
    name = run.bot.get("class") or PurePath(run.bot.get("file", "bot")).stem
    file = PurePath(run.bot.get("file", "")).name
    period = f"{utc(run.from_)} → {utc(run.to)} UTC"
    details = [period, duration(run.to - run.from_), f"{run.events:,} events"]
    chips = "".join(f'<li class="chip">{escape(market)}</li>' for market in run.markets)
    html = (
        f'<div class="who"><h1>{escape(name)}</h1><span class="file">{escape(file)}</span>'
        f'<span class="status {escape(run.status)}">{escape(run.status)}</span></div>'
        f'<ul class="chips" aria-label="Markets">{chips}</ul>'
        f'<p class="period">{" · ".join(map(escape, details))}</p>'
    )
    if run.reason and run.status != "failed":
        html += f'<p class="reason">{escape(run.reason)}</p>'
    return Header(escape(f"{name}: backtest"), html)


def failure(result: Result) -> str:
    """Why the run failed, with the bot's own traceback; nothing when it did not."""
    if result.run.status != "failed":
        return ""
    trace = f"<pre>{escape(result.run.traceback)}</pre>" if result.run.traceback else ""
    said = f"<h2>The run failed</h2><p>{escape(result.run.reason)}</p>{trace}"
    return f'<section class="failure" id="failure">{said}</section>'


def cards(result: Result) -> str:
    """The headline numbers."""
    of = result.metrics
    currency = str(of.get("currency", result.equity.currency))
    net, gain, fall = of.get("net_pnl"), of.get("return"), of.get("max_drawdown") or {}
    by_asset = (f"{number(value, signed=True)} {asset}" for asset, value in of.get("net_pnl_by_asset", {}).items())
    shown = [
        _card("Net P&L", signed_amount(net, currency), " · ".join(by_asset), _tone(net)),
        _card("Return", share(gain, signed=True), _market(of), _tone(gain)),
        _card("Max drawdown", share(fall.get("share")), amount(fall.get("amount"), currency)),
        _card(
            "Sharpe", number(of.get("sharpe"), digits=2), f"Sortino {number(of.get('sortino'), digits=2)}, annualised"
        ),
        _card(
            "Fills", number(of.get("fills")), f"{number(of.get('orders'))} orders, {share(of.get('fill_ratio'))} filled"
        ),
        _fees(of.get("fees"), of.get("funding"), currency),
    ]
    return "".join(shown)


def _market(of: dict[str, Any]) -> str:
    return f"market {share(of.get('buy_and_hold_return'), signed=True)}"


def _fees(paid: float | None, funding: float | None, currency: str) -> str:
    """Rebates can outweigh fees: then the card says what was earned."""
    below = f"funding {signed_amount(funding, currency)}"
    if paid is not None and paid < 0:
        return _card("Fees earned", amount(-paid, currency), below)
    return _card("Fees paid", amount(paid, currency), below)


def notes(result: Result) -> str:
    """What the totals leave out."""
    return "".join(f'<p class="note">{escape(note)}</p>' for note in result.equity.notes)


def figures(result: Result) -> str:
    """Every metric, in groups."""
    return "".join(
        f'<section class="group"><h3>{escape(title)}</h3>{_pairs(rows)}</section>'
        for title, rows in figure_groups(result.metrics)
    )


def assumptions(result: Result) -> str:
    return _pairs(result.assumptions.items())


def facts(result: Result) -> str:
    """What it takes to run the same again."""
    run = result.run
    rows: list[tuple[str, str]] = [
        ("bot", f"{run.bot.get('file', '')} {run.bot.get('sha256', '')}"),
        ("seed", str(run.seed)),
        ("venues", ", ".join(f"{venue} ({src})" for venue, src in run.venues.items())),
        (
            "replay",
            f"{number(result.timing.seconds, digits=2)} s, {number(round(result.timing.events_per_second))} events/s",
        ),
        *run.versions.items(),
        *run.data.items(),
    ]
    return _pairs(rows)


def sections(result: Result) -> str:
    """A place for each table that has rows; the page's script fills it."""
    counts: dict[str, int] = {
        "fills": len(result.fills),
        "orders": len(result.orders),
        "signals": len(result.signals),
        "published": len(result.published),
        "log": len(result.log),
    }
    return "".join(
        f'<section class="panel" id="{name}"><h2>{title} <span class="count">{counts[name]:,}</span></h2>'
        f'<div class="table" data-table="{name}"></div></section>'
        for name, title in SECTIONS.items()
        if counts[name]
    )


def _card(label: str, value: str, below: str, tone: str = "") -> str:
    return (
        f'<div class="card"><div class="label">{escape(label)}</div>'
        f'<div class="value {tone}">{escape(value)}</div><div class="below">{escape(below)}</div></div>'
    )


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f"<dl>{items}</dl>"


def _tone(value: Any) -> str:
    """The colour of a gain or a loss."""
    return "" if not value else "up" if value > 0 else "down"
