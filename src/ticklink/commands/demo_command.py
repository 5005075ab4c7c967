"""`ticklink demo`"""

import sys
from pathlib import Path

import click

from ticklink.backtest.plan import MarketId, Plan
from ticklink.backtest.result import Result
from ticklink.backtest.run import run
from ticklink.backtest.session import Session
from ticklink.backtest.snapshot import Observer
from ticklink.backtest.terminal import LiveView
from ticklink.backtest.virtual_time import REAL
from ticklink.commands.backtest_command import conclude
from ticklink.commands.synthetic import write_synthetic
from ticklink.model.errors import InputError
from ticklink.simulator.market import DEFAULT_START_NS, generate
from ticklink.storage.instruments import catalog

MARKET = MarketId("bitmex", "XBTUSD")
SEED = 7
HOURS = 1.0
PLAYED_S = 4.0
"""How long the hour takes on the screen."""

ROWS_AT_ONCE = 100
BOT = "grid_bot.py"


@click.command("demo")
@click.option("--bot", type=click.Path(path_type=Path, exists=True), help="Another bot than the example grid bot.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="For data and report."
)
@click.option("--seconds", default=PLAYED_S, show_default=True, help="How long the hour takes on the screen.")
def command(bot: Path | None, folder: Path, seconds: float) -> None:
    """See a bot trade: an hour of synthetic XBTUSD in a few seconds, live in the terminal, then the report."""
    root = folder.absolute() / "data"
    if not (root / MARKET.src / MARKET.sym / "trades").is_dir():
        click.echo("making an hour of synthetic XBTUSD ...", err=True)
        instrument = catalog(None)(MARKET.src, MARKET.sym)
        parts = generate(instrument, hours=HOURS, seed=SEED, start_ns=DEFAULT_START_NS)
        write_synthetic(root, MARKET.src, MARKET.sym, parts)
    plan = Plan(bot=bot or example(BOT), venues={"BitMEX": MARKET.src}, markets=[MARKET], root=root)
    result = play(plan, seconds) if sys.stdout.isatty() else run(Session(plan))
    conclude(result, report=folder / "report.html", json_out=None)


def example(name: str) -> Path:
    """A bot of the examples: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parents[1]
    for folder in (package / "examples", package.parents[1] / "examples"):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"the example {name} is not there; give a bot with --bot")


def play(plan: Plan, seconds: float) -> Result:
    """Run it in the live view, no faster than it can be watched."""
    observer: list[Observer] = []
    began = REAL.perf_counter()

    def show(session: Session) -> None:
        ahead_s = (session.scheduler.current_ns() - session.start_ns) / (session.end_ns - session.start_ns) * seconds
        wait_s = ahead_s - (REAL.perf_counter() - began)
        if wait_s > 0:
            REAL.sleep(wait_s)
        observer[0].look()
        if view.is_due:
            view.show(observer[0].snapshot(session.replay.events / max(1e-9, REAL.perf_counter() - began)))

    session = Session(plan, on_progress=show, rows_at_once=ROWS_AT_ONCE)
    observer.append(Observer(session))
    with LiveView() as view:
        return run(session)
