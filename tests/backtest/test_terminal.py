"""What the terminal shows, rendered into text at a fixed size."""

import io
import threading

import msgspec
import pytest
from rich.console import Console

from tests.backtest.sample_result import sample_result
from ticklink.backtest.live_panels import braille_rows
from ticklink.backtest.result import Result
from ticklink.backtest.terminal import LiveView, OpenOrder, Progress, RecentFill, Snapshot, summary


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def terminal(width: int = 80, height: int = 24, *, is_terminal: bool = True) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=is_terminal,
        color_system=None,
        legacy_windows=False,
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot(
        time_ms=1_709_296_205_000,
        src="bitmex",
        sym="XBTUSD",
        bid=62_000.0,
        ask=62_000.5,
        mids=[62_000.0 + step for step in range(100)],
        orders=[OpenOrder("Sell", 62_000.0 + 40 * step, 1000.0, 0.0) for step in range(1, 9)]
        + [OpenOrder("Buy", 62_000.0 - 40 * step, 500.0, 250.0) for step in range(1, 9)],
        position=-3000.0,
        entry=62_010.5,
        unrealised=-12.5,
        realised=40.0,
        equity_change=30.7,
        fees=-3.2,
        currency="USD",
        fills=[RecentFill(1_709_296_205_000 + step, "Buy", 62_000.0, 100.0, 1.5) for step in range(50)],
        fill_count=1234,
        log=[f"line {step} [bold]not markup[/bold]" for step in range(50)],
        events=1_500_000,
        events_per_second=1_234_567.0,
        share_done=0.48,
    )


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 45)])
def test_the_live_view_fills_the_terminal_and_no_more(snapshot: Snapshot, width: int, height: int) -> None:
    console = terminal(width, height)
    with LiveView(console=console) as view:
        view.show(snapshot)
    picture = written(console).split("\x1b[H")[-1].split("\x1b[")[0].splitlines()
    assert len(picture) == height
    assert max(map(len, picture)) <= width


def test_the_live_view_shows_market_orders_account_fills_and_log(snapshot: Snapshot) -> None:
    console = terminal()
    with LiveView(console=console) as view:
        view.show(snapshot)
    picture = written(console)
    for text in (
        "bitmex XBTUSD",
        "2024-03-01 12:30:05 UTC",
        "bid 62,000.0",
        "open orders 16",
        "62,040.0",
        "61,960.0",
        "−3,000 at 62,010.5",
        "+30.70 USD",
        "fills 1,234",
        "line 49 [bold]not markup[/bold]",
        "48%",
        "1,234,567/s",
    ):
        assert text in picture


def test_a_live_view_without_anything_yet_is_calm(snapshot: Snapshot) -> None:
    console = terminal()
    empty = msgspec.structs.replace(
        snapshot, bid=None, ask=None, mids=[], orders=[], fills=[], log=[], position=0.0, entry=None, events=0
    )
    with LiveView(console=console) as view:
        view.show(empty)
    assert "waiting for prices" in written(console)
    assert "none yet" in written(console)


def test_a_live_view_is_due_again_after_its_interval(snapshot: Snapshot) -> None:
    watch = Watch()
    with LiveView(console=terminal(), every_s=0.1, now=watch) as view:
        due = [view.is_due]
        view.show(snapshot)
        due.append(view.is_due)
        watch.seconds = 0.1
        due.append(view.is_due)
    assert due == [True, False, True]


def test_nothing_starts_a_thread(snapshot: Snapshot) -> None:
    before = threading.active_count()
    with LiveView(console=terminal(), every_s=0) as view, Progress(0, 100, console=terminal()) as progress:
        view.show(snapshot)
        progress.update(50, 10)
        assert threading.active_count() == before


def test_progress_says_share_time_speed_and_what_is_left() -> None:
    watch, console = Watch(), terminal()
    with Progress(0, 86_400_000, console=console, now=watch) as progress:
        watch.seconds = 2.0
        progress.update(21_600_000, 1_000_000)
    for text in ("25%", "1970-01-01 06:00", "500,000 events/s", "6 s left"):
        assert text in written(console)


def test_progress_redraws_no_faster_than_an_eye() -> None:
    watch, console = Watch(), terminal()
    with Progress(0, 100, console=console, now=watch) as progress:
        watch.seconds = 0.2
        progress.update(10, 1)
        drawn = len(written(console))
        progress.update(20, 2)
        assert len(written(console)) == drawn


def test_progress_into_a_file_is_a_plain_line_now_and_then() -> None:
    watch, console = Watch(), terminal(is_terminal=False)
    with Progress(0, 100_000, console=console, now=watch) as progress:
        watch.seconds = 1.0
        progress.update(10_000, 10)
        assert written(console) == ""
        watch.seconds = 10.0
        progress.update(50_000, 1000)
    assert written(console) == "50% 1970-01-01 00:00 100 events/s 10 s left\n"


def test_braille_draws_two_values_to_a_character_from_the_top() -> None:
    assert braille_rows([0.0, 1.0], 1, 1) == ["⡸"]
    assert braille_rows([1.0, 1.0], 2, 1) == ["⠀⠉"]
    assert braille_rows([3.0, 2.0, 1.0, 0.0], 2, 1) == ["⠑⢄"]


@pytest.fixture(scope="module")
def result() -> Result:
    return sample_result(step_ms=30_000)


def test_the_summary_fits_80_columns_and_names_the_report(result: Result) -> None:
    console = terminal(80, 60)
    console.print(summary(result, report="./report.html"))
    text = written(console)
    assert max(map(len, text.splitlines())) <= 80
    for part in ("Grid  completed", "bitmex/XBTUSD", "net P&L", "Sharpe ratio", "Assumptions", "./report.html"):
        assert part in text


def test_the_summary_of_a_failed_run_says_why(result: Result) -> None:
    failed = msgspec.structs.replace(
        result, run=msgspec.structs.replace(result.run, status="failed", reason="[red]boom[/red]"), metrics={}
    )
    console = terminal(80, 60)
    console.print(summary(failed))
    assert "failed" in written(console)
    assert "[red]boom[/red]" in written(console)
