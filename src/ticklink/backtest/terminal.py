"""What a backtest shows in a terminal: a progress bar, the demo's live view, and the summary after a run.

Nothing here starts a thread or a timer: a backtest replaces `threading` and `time` while its bot runs. Make a `Progress` or
`LiveView` before the run begins and call it from the replay loop; calls that come too soon after the last one cost next
to nothing. Real time comes from the clock that was bound when this module was imported.
"""

import sys
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ticklink.backtest.figures import amount, duration, figure_groups, number, share, signed_amount, utc
from ticklink.backtest.live_panels import OpenOrder, RecentFill, Snapshot, screen
from ticklink.backtest.result import Result

__all__ = ["LiveView", "OpenOrder", "Progress", "RecentFill", "Snapshot", "summary"]

REDRAW_S = 0.1
LINE_EVERY_S = 10.0
"""How often a log file or a pipe is told."""

STATUS_STYLES = {"completed": "green", "stopped": "yellow", "interrupted": "yellow", "failed": "bold red"}


class Progress:
    """One line that says how far a replay is; on anything but a terminal, a plain line every few seconds."""

    def __init__(
        self, start_ms: int, end_ms: int, *, console: Console | None = None, now: Callable[[], float] = perf_counter
    ) -> None:
        self._start_ms, self._end_ms, self._now = start_ms, end_ms, now
        self._console = console or Console(stderr=True)
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._began = self._shown = now()
        self._every = REDRAW_S if self._console.is_terminal else LINE_EVERY_S

    def __enter__(self) -> Self:
        self._began = self._shown = self._now()
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def update(self, time_ms: int, events: int) -> None:
        """The replay has come to `time_ms`, after `events` events in all."""
        now = self._now()
        if now - self._shown < self._every:
            return
        self._shown = now
        if self._console.is_terminal:
            self._live.update(self._bar(time_ms, events, now - self._began), refresh=True)
        else:
            self._console.print(self._line(time_ms, events, now - self._began), highlight=False, soft_wrap=True)

    def _share(self, time_ms: int) -> float:
        length = max(self._end_ms - self._start_ms, 1)
        return min(max((time_ms - self._start_ms) / length, 0.0), 1.0)

    def _bar(self, time_ms: int, events: int, seconds: float) -> Table:
        done = self._share(time_ms)
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(ratio=1)
        line.add_row(
            Bar(1.0, 0, done, color="cyan", bgcolor="grey23"),
            Text(f"{done:4.0%}", style="bold"),
            Text(utc(time_ms)),
            Text(_speed(events, seconds), style="dim"),
            Text(_left(done, seconds), style="dim"),
        )
        return line

    def _line(self, time_ms: int, events: int, seconds: float) -> str:
        done = self._share(time_ms)
        return f"{done:.0%} {utc(time_ms)} {_speed(events, seconds)} {_left(done, seconds)}"


class LiveView:
    """A full-screen view of a running replay. Ask `is_due` before making a snapshot, then `show` it."""

    def __init__(
        self, *, console: Console | None = None, every_s: float = REDRAW_S, now: Callable[[], float] = perf_counter
    ) -> None:
        self._every, self._now = every_s, now
        # a run takes what the bot prints for its log: the view must not follow sys.stdout there
        self._live = Live(
            console=console or Console(file=sys.stdout),
            auto_refresh=False,
            screen=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._shown = float("-inf")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @property
    def is_due(self) -> bool:
        """Whether enough real time has passed for another picture."""
        return self._now() - self._shown >= self._every

    def show(self, snapshot: Snapshot) -> None:
        """Draw it now."""
        self._live.update(screen(snapshot), refresh=True)
        self._shown = self._now()


def summary(result: Result, *, report: str = "") -> RenderableType:
    """A run's outcome in a screenful: how it ended, its figures, what it assumed, and where the report is."""
    parts: list[RenderableType] = [_headline(result)]
    if result.run.traceback:
        parts += [Text(), Text(result.run.traceback.rstrip(), style="red")]
    parts += [_outcome(result), *_errors(result)]
    if result.orders:
        parts += [Text(), _figures(result)]
    parts += [Text(note, style="yellow") for note in result.equity.notes]
    if result.assumptions:
        parts += [Text(), Text("Assumptions", style="bold"), _pairs(list(result.assumptions.items()))]
    if report:
        parts += [Text(), Text.assemble(("Report  ", "bold"), (report, "cyan"), overflow="fold")]
    return Group(*parts)


def _errors(result: Result) -> list[RenderableType]:
    """That the bot's log has errors, and the first of them."""
    errors = [line.message for line in result.log if line.level == "ERROR"]
    if not errors:
        return []
    told = errors[0].strip().splitlines()
    many = f"{len(errors):,} errors in the log, the first: " if len(errors) > 1 else "an error in the log: "
    return [Text(f"{many}{told[0]}{f' - {told[-1]}' if len(told) > 1 else ''}", style="bold red")]


def _headline(result: Result) -> Text:
    run = result.run
    line = Text.assemble(
        (run.bot.get("class", "bot"), "bold"),
        "  ",
        (run.status, STATUS_STYLES[run.status]),
        (f"  {', '.join(run.markets)}  {utc(run.from_)} to {utc(run.to)} UTC", "dim"),
    )
    if run.reason:
        line.append(f"\n{run.reason}", style=STATUS_STYLES[run.status])
    return line


def _outcome(result: Result) -> Text:
    of, fall = result.metrics, result.metrics.get("max_drawdown") or {}
    currency, net = str(of.get("currency", "")), of.get("net_pnl")
    tone = "bold" if not net else "bold green" if net > 0 else "bold red"
    return Text.assemble(
        ("\nnet P&L ", "dim"),
        (signed_amount(net, currency), tone),
        ("   return ", "dim"),
        (share(of.get("return"), signed=True), tone),
        ("   max drawdown ", "dim"),
        (share(fall.get("share")), "bold"),
        ("   fees ", "dim"),
        (amount(of.get("fees"), currency), "bold"),
        ("\nreplayed ", "dim"),
        (f"{result.run.events:,} events in {number(result.timing.seconds, digits=2)} s", "dim"),
        (f", {result.timing.events_per_second:,.0f}/s", "dim"),
    )


def _figures(result: Result) -> Table:
    """The groups side by side, two by two, so that 80 columns hold them."""
    groups = figure_groups(result.metrics)
    table = Table.grid(padding=(0, 4), expand=False)
    for left, right in zip(groups[::2], groups[1::2], strict=True):
        if table.row_count:
            table.add_row()
        table.add_row(Text(left[0], style="bold"), Text(right[0], style="bold"))
        table.add_row(_pairs(left[1], value_right=True), _pairs(right[1], value_right=True))
    return table


def _pairs(rows: list[tuple[str, str]], *, value_right: bool = False) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right" if value_right else "left", overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def _speed(events: int, seconds: float) -> str:
    return f"{events / seconds:,.0f} events/s" if seconds > 0 else ""


def _left(done: float, seconds: float) -> str:
    """How long the rest takes at the speed so far."""
    return f"{duration(round(seconds / done * (1 - done)) * 1000)} left" if done > 0 else ""
