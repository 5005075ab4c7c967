"""`ticklink import FILES`"""

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ticklink.backtest.plan import parse_market
from ticklink.model.errors import InputError
from ticklink.storage.importers import importing
from ticklink.storage.importers.parts import Wanted
from ticklink.storage.importers.summary import summary
from ticklink.storage.instruments import import_instruments


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--data",
    "--out",
    "root",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="The archive.",
)
@click.option(
    "--format", "format_name", type=click.Choice(list(importing.FORMATS)), help="Default: told by the content."
)
@click.option("--market", metavar="SRC:SYM", help="The exchange and symbol, where the file does not say them.")
@click.option("--src", help="The exchange, where the file does not say it.")
@click.option("--sym", help="The symbol, where the file does not say it.")
@click.option("--level", help="The level of candles, where their spacing does not say it.")
@click.option("--symbol", "symbols", multiple=True, help="Take only this symbol; may be repeated.")
@click.option("--instruments", is_flag=True, help="The files are a venue's instruments (with --src), not market data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    files: tuple[Path, ...],
    root: Path,
    format_name: str | None,
    market: str | None,
    src: str | None,
    sym: str | None,
    level: str | None,
    symbols: tuple[str, ...],
    instruments: bool,
    as_json: bool,
) -> None:
    """Bring FILES (and the files in folders) into an archive of market data.

    Takes BitMEX's public daily dumps, Tardis CSV, OHLCV candles in CSV or Parquet, and raw websocket captures of BitMEX and
    Coinbase. A file is imported whole or not at all; importing it again changes nothing. The exit code is 1 when a file is
    damaged: the report says which, where and why.
    """
    if market is not None:
        src, sym = parse_market(market).src, parse_market(market).sym
    if instruments:
        _import_instruments(files, root, src, as_json)
        return
    wanted = Wanted(src=src, sym=sym, level=level, symbols=frozenset(symbols))
    with _progress() as bar:
        task = bar.add_task("importing", total=None, rows="")

        def show(progress: importing.Progress) -> None:
            _show(bar, task, progress)

        report = importing.import_files(files, root, wanted=wanted, format=format_name, on_progress=show)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        Console().print(summary(report))
    sys.exit(1 if report.failed else 0)


def _import_instruments(files: tuple[Path, ...], root: Path, src: str | None, as_json: bool) -> None:
    if src is None:
        raise InputError("--instruments needs to know the exchange: add --src bitmex, coinbasepro, woo or another name")
    symbols = [symbol for file in files for symbol in import_instruments(root, src, file)]
    if as_json:
        click.echo(msgspec.json.encode({"src": src, "symbols": symbols}))
    else:
        click.echo(
            f"{src}: {len(symbols)} instruments are in {root} now: {', '.join(symbols[:12])}{' ...' * (len(symbols) > 12)}"
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _show(bar: Progress, task: TaskID, progress: importing.Progress) -> None:
    name = Path(progress.file).name
    rows = f"{progress.rows:,} rows"
    bar.update(task, description=name, total=progress.bytes_total, completed=progress.bytes_done, rows=rows)
