"""The panels of the live view: what a bot's market, orders, position and log look like in a terminal."""

from collections.abc import Iterable

import msgspec
from rich.bar import Bar
from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ticklink.backtest.figures import NONE, number, signed_amount, utc

BRAILLE = 0x2800
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot of a braille cell: two columns of four, from the top."""
LABEL_WIDTH = 11
FRAME = 2
"""Lines and columns that a panel's border takes."""


class OpenOrder(msgspec.Struct, frozen=True):
    side: str
    price: float
    size: float
    filled: float


class RecentFill(msgspec.Struct, frozen=True):
    time_ms: int
    side: str
    price: float
    size: float
    pnl: float
    """Realised by this fill, in the snapshot's currency."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the live view shows at one moment; amounts in `currency`, the latest of each list last."""

    time_ms: int
    src: str
    sym: str
    bid: float | None
    ask: float | None
    mids: list[float]
    """Recent mid prices at even distances, oldest first; as many as there are (a few hundred fill any terminal)."""
    orders: list[OpenOrder]
    position: float
    entry: float | None
    unrealised: float
    realised: float
    equity_change: float
    """P&L so far after fees and funding."""
    fees: float
    currency: str
    fills: list[RecentFill]
    fill_count: int
    log: list[str]
    events: int
    events_per_second: float
    share_done: float


class PriceChart:
    """A line of braille dots as large as the space it is given, with its highest and lowest price."""

    def __init__(self, prices: list[float]) -> None:
        self.prices = prices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = max(options.max_width - LABEL_WIDTH, 1), options.height or 8
        shown = self.prices[-2 * width :]
        if len(shown) < 2:
            yield Text("waiting for prices", style="dim")
            return
        rows = braille_rows(shown, width, height)
        labels = [""] * height
        labels[0], labels[-1] = price_text(max(shown)), price_text(min(shown))
        style = "green" if shown[-1] >= shown[0] else "red"
        for row, label in zip(rows, labels, strict=True):
            yield Text.assemble((row, style), (label.rjust(LABEL_WIDTH), "dim"), no_wrap=True, overflow="crop")


def braille_rows(values: list[float], width: int, height: int) -> list[str]:
    """A line chart as `height` strings of `width` braille characters, two values to a character, the latest at the right."""
    low, high = min(values), max(values)
    scale = (4 * height - 1) / (high - low) if high > low else 0.0
    levels = [round((high - value) * scale) for value in values[-2 * width :]]
    cells = [[0] * width for _ in range(height)]
    first = 2 * width - len(levels)
    for at, (before, level) in enumerate(zip(levels[:1] + levels, levels, strict=False), start=first):
        for dot in _between(before, level):
            cells[dot // 4][at // 2] |= DOTS[at % 2][dot % 4]
    return ["".join(chr(BRAILLE + cell) for cell in row) for row in cells]


def _between(before: int, level: int) -> range:
    """The dots that join a value to the one before it."""
    return range(min(before + 1, level), level + 1) if before < level else range(level, max(before - 1, level) + 1)


class Ladder:
    """The open orders nearest the price: sells above the market, buys below."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = max((options.height or 10) - 1, 2)
        sells = sorted((order for order in self.snapshot.orders if order.side == "Sell"), key=lambda order: order.price)
        buys = sorted((order for order in self.snapshot.orders if order.side == "Buy"), key=lambda order: -order.price)
        above = min(len(sells), max(lines // 2, lines - len(buys)))
        table = Table.grid(padding=(0, 1), expand=True)
        _columns(table, "left", "right", "right", "left")
        for order in reversed(sells[:above]):
            table.add_row(*_rung(order, "red"))
        table.add_row("", Text(_mid_text(self.snapshot), style="bold"), Text("market", style="dim"), "")
        for order in buys[: lines - above]:
            table.add_row(*_rung(order, "green"))
        yield table


def _rung(order: OpenOrder, style: str) -> tuple[RenderableType, ...]:
    done = Bar(max(order.size, 1e-12), 0, order.filled, width=5, color=style, bgcolor="grey23")
    return Text(order.side, style=style), Text(price_text(order.price)), Text(number(order.size)), done


class Tail:
    """The latest rows that fit, under a heading where there is one."""

    def __init__(self, rows: Iterable[RenderableType], *, heading: RenderableType | None = None) -> None:
        self.rows, self.heading = list(rows), heading

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max((options.height or 5) - (self.heading is not None), 1)
        shown = self.rows[-room:]
        yield Group(*([self.heading] if self.heading is not None else []), *shown)


def screen(snapshot: Snapshot) -> Layout:
    """The whole view; fits 80x24 and grows with the terminal."""
    root = Layout()
    root.split_column(
        Layout(_headline(snapshot), name="head", size=1),
        Layout(name="market", ratio=3, minimum_size=9),
        Layout(name="account", ratio=2, minimum_size=8),
        Layout(_framed(Tail(_log_rows(snapshot)), "log"), name="log", ratio=1, minimum_size=5),
        Layout(progress_line(snapshot), name="progress", size=1),
    )
    title = f"{snapshot.src} {snapshot.sym}"
    root["market"].split_row(
        Layout(_framed(PriceChart(snapshot.mids), title), ratio=1),
        Layout(_framed(Ladder(snapshot), f"open orders {len(snapshot.orders)}"), size=36),
    )
    root["account"].split_row(
        Layout(_framed(Tail(_fill_rows(snapshot)), _fills_title(snapshot)), ratio=1),
        Layout(_framed(_account(snapshot), "account"), size=36),
    )
    return root


def price_text(price: float | None) -> str:
    """A price with the decimals its size asks for."""
    if price is None:
        return NONE
    digits = 1 if price >= 1000 else 2 if price >= 10 else 4 if price >= 0.1 else 8
    return f"{price:,.{digits}f}"


def progress_line(snapshot: Snapshot) -> Table:
    """How far the replay is."""
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(ratio=1)
    for _ in range(3):
        line.add_column(justify="right", no_wrap=True)
    done = min(max(snapshot.share_done, 0.0), 1.0)
    line.add_row(
        Bar(1.0, 0, done, color="cyan", bgcolor="grey23"),
        Text(f"{done:4.0%}", style="bold"),
        Text(f"{snapshot.events:,} events", style="dim"),
        Text(f"{snapshot.events_per_second:,.0f}/s", style="dim"),
    )
    return line


def _headline(snapshot: Snapshot) -> Table:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    bid, ask = price_text(snapshot.bid), price_text(snapshot.ask)
    line.add_row(
        Text.assemble(
            ("ticklink ", "bold cyan"), (f"{utc(snapshot.time_ms)}:{snapshot.time_ms // 1000 % 60:02} UTC", "dim")
        ),
        Text.assemble(("bid ", "dim"), (bid, "green"), ("  ask ", "dim"), (ask, "red")),
    )
    return line


def _account(snapshot: Snapshot) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    side = "" if not snapshot.position else "green" if snapshot.position > 0 else "red"
    entry = f" at {price_text(snapshot.entry)}" if snapshot.position else ""
    table.add_row("position", Text(number(snapshot.position, signed=True) + entry, style=side))
    for name, value in (
        ("unrealised", snapshot.unrealised),
        ("realised", snapshot.realised),
        ("fees", -snapshot.fees),
    ):
        table.add_row(name, _money(value, snapshot.currency))
    table.add_row(Text("P&L", style="bold not dim"), _money(snapshot.equity_change, snapshot.currency, style="bold "))
    return table


def _money(value: float, currency: str, *, style: str = "") -> Text:
    tone = "green" if value > 0 else "red" if value < 0 else "dim"
    return Text(signed_amount(value, currency), style=style + tone)


def _fills_title(snapshot: Snapshot) -> str:
    return f"fills {snapshot.fill_count:,}, P&L in {snapshot.currency}"


def _fill_rows(snapshot: Snapshot) -> list[RenderableType]:
    return [_fill_row(fill) for fill in snapshot.fills] or [Text("none yet", style="dim")]


def _fill_row(fill: RecentFill) -> Table:
    row = Table.grid(padding=(0, 1), expand=True)
    _columns(row, "left", "left", "right", "right", widths=(5, 4, 10, 8))
    row.add_column(justify="right", ratio=1, no_wrap=True, overflow="ellipsis")
    row.add_row(
        Text(utc(fill.time_ms)[-5:], style="dim"),
        Text(fill.side, style="green" if fill.side == "Buy" else "red"),
        price_text(fill.price),
        number(fill.size, digits=4),
        Text(number(fill.pnl, digits=2, signed=True) if fill.pnl else "", style="green" if fill.pnl > 0 else "red"),
    )
    return row


def _columns(table: Table, *justify: JustifyMethod, widths: tuple[int | None, ...] = ()) -> None:
    for at, side in enumerate(justify):
        table.add_column(justify=side, width=widths[at] if widths else None, no_wrap=True)


def _log_rows(snapshot: Snapshot) -> list[RenderableType]:
    return [Text(line, no_wrap=True, overflow="ellipsis") for line in snapshot.log] or [Text("quiet", style="dim")]


def _framed(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=Text(title, style="bold"), title_align="left", border_style="grey37", padding=(0, 1))


def _mid_text(snapshot: Snapshot) -> str:
    known = [price for price in (snapshot.bid, snapshot.ask) if price is not None]
    return price_text(sum(known) / len(known) if known else None)
