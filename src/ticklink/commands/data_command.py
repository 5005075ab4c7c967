"""`ticklink data`: what an archive holds; `ticklink data synth`: a synthetic market for one."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import track

from ticklink.backtest.plan import parse_market, parse_time
from ticklink.commands.synthetic import write_synthetic
from ticklink.model.errors import InputError
from ticklink.simulator.market import DEFAULT_START_NS, generate
from ticklink.storage import inventory
from ticklink.storage.instruments import catalog

DEFAULT_ROOT = Path("data")
PART_HOURS = 1 / 6


class ListByDefault(click.Group):
    """`ticklink data ROOT` is `ticklink data list ROOT`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("data", cls=ListByDefault)
def command() -> None:
    """List what an archive holds, or make synthetic data for one.

    `ticklink data ROOT` lists symbols, ranges, rows, gaps and damaged files.
    """


@command.command("list")
@click.argument("root", type=click.Path(path_type=Path), default=DEFAULT_ROOT, required=False)
@click.option("--data", "given", type=click.Path(path_type=Path), help="The archive; the same as ROOT.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def list_data(root: Path, given: Path | None, as_json: bool) -> None:
    """List what the archive at ROOT holds (default: data): symbols, ranges, rows, gaps, damaged files.

    The exit code is 1 when a file is damaged.
    """
    root = given or root
    if not root.is_dir():
        raise InputError(f"there is no archive at {root}; make one with `ticklink import` or `ticklink data synth`")
    summaries = inventory.describe(root)
    if as_json:
        click.echo(msgspec.json.encode({"root": str(root), "streams": summaries}))
    else:
        Console().print(inventory.table(summaries))
    sys.exit(1 if any(each.damaged for each in summaries) else 0)


@command.command("synth")
@click.option("--market", required=True, metavar="SRC:SYM", help="Which market, for example bitmex:XBTUSD.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="How long.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed makes the same data."
)
@click.option("--out", "root", required=True, type=click.Path(path_type=Path), help="The archive to write to.")
@click.option("--price", type=click.FloatRange(min=0, min_open=True), help="Where the price starts.")
@click.option("--start", metavar="TIME", help="When it starts (UTC).  [default: 2025-01-01]")
def synth(market: str, hours: float, seed: int, root: Path, price: float | None, start: str | None) -> None:
    """Write a synthetic market: seeded order flow that fills a real order book."""
    where = parse_market(market)
    instrument = catalog(root if root.is_dir() else None)(where.src, where.sym)
    start_ns = DEFAULT_START_NS if start is None else parse_time(start, "--start")
    parts = generate(instrument, hours=hours, seed=seed, start_ns=start_ns, price=price)
    shown = _shown(parts, f"{where}", hours)
    rows = write_synthetic(root, where.src, where.sym, shown)
    click.echo(f"{where}: {rows[0]:,} quotes and {rows[1]:,} trades in {root}")


def _shown(parts: Any, what: str, hours: float) -> Any:
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        return parts
    return track(parts, description=what, total=-(-hours // PART_HOURS), console=console, transient=True)
