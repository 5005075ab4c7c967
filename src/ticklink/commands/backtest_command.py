"""`ticklink backtest BOT.py`"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ticklink.backtest import plan as plans
from ticklink.backtest.plan import Plan
from ticklink.backtest.report import write_report
from ticklink.backtest.result import Result
from ticklink.backtest.run import encode, run
from ticklink.backtest.session import Session
from ticklink.backtest.terminal import Progress, summary
from ticklink.model.errors import InputError
from ticklink.simulator.models import NS_PER_MS, Queue, RateLimit

EXIT_CODES = {"completed": 0, "stopped": 0, "failed": 1, "interrupted": 130}


@click.command("backtest")
@click.argument("bot", type=click.Path(path_type=Path))
@click.option(
    "--venue", "venues", multiple=True, metavar="NAME=SRC", help="An account the bot trades with; may be repeated."
)
@click.option(
    "--market", "markets", multiple=True, metavar="SRC:SYM", help="A market it is subscribed to; may be repeated."
)
@click.option(
    "--data", "root", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="The archive."
)
@click.option(
    "--from", "start", metavar="TIME", help="Begin here: 2026-01-31, or with a time (UTC).  [default: all data]"
)
@click.option("--to", "end", metavar="TIME", help="End before this.  [default: all data]")
@click.option(
    "--balance",
    "balances",
    multiple=True,
    metavar="[VENUE:]ASSET=AMOUNT",
    help="What an account starts with; may be repeated.",
)
@click.option(
    "--latency", default="20ms", show_default=True, help="Each way; 20ms,30ms there and back; 20ms~5ms with jitter."
)
@click.option("--fees", default="published", show_default=True, help="published, 0.05%, or maker=0.0002,taker=0.0005.")
@click.option(
    "--queue", type=click.Choice(["back", "touch"]), default="back", show_default=True, help="Place in the queue."
)
@click.option(
    "--funding", default="0.01%", show_default=True, help="What a perpetual position pays at funding; or none."
)
@click.option(
    "--rate-limits",
    type=click.Choice(["enforced", "counted"]),
    default="enforced",
    show_default=True,
    help="What the venue's request budget does.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything random.")
@click.option("--currency", help="What results are counted in.  [default: the markets' quote currency]")
@click.option("--workdir", type=click.Path(path_type=Path), help="The bot's working directory.  [default: a fresh one]")
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Real seconds a bot may go without giving way.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Write the report to this HTML file.")
@click.option("--json", "json_out", metavar="OUT|-", help="Write the result as JSON to a file, or to standard output.")
def command(bot: Path, **options: Any) -> None:
    """Run a bot on recorded data, in virtual time, and tell how it did.

    The exit code is 0 when the bot ran to the end of the data, 1 when it failed, 130 when it was interrupted.
    """
    report, json_out = options["report"], options["json_out"]
    plan = plan_of(bot, options)
    for output in (report, None if json_out in (None, "-") else Path(json_out)):
        check_writable(output)
    result = run_with_progress(plan)
    conclude(result, report=report, json_out=json_out)


def check_writable(output: Path | None) -> None:
    """Find out before the run that its result could not be written."""
    if output is None:
        return
    if output.is_dir():
        raise InputError(f"{output} is a folder; name a file to write to")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from None
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise InputError(f"cannot write {output}: no permission")


def plan_of(bot: Path, options: dict[str, Any]) -> Plan:
    """The plan that the command's options describe. Raises InputError where one of them makes no sense."""
    named = [plans.parse_venue(text) for text in options["venues"]]
    venues = dict(named)
    if len(venues) < len(named):
        raise InputError("two venues have the same name; give each --venue a name of its own")
    start, end = options["start"], options["end"]
    return Plan(
        bot=bot.absolute(),
        venues=venues,
        markets=[plans.parse_market(text) for text in options["markets"]],
        root=options["root"].absolute(),
        start_ns=None if start is None else plans.parse_time(start, "--from"),
        end_ns=None if end is None else plans.parse_time(end, "--to"),
        balances=plans.parse_balances(options["balances"], venues),
        latency=plans.parse_latency(options["latency"]),
        fees=plans.parse_fees(options["fees"]),
        queue=Queue(options["queue"]),
        funding=plans.parse_funding(options["funding"]),
        rate_limit=RateLimit(options["rate_limits"] == "enforced"),
        seed=options["seed"],
        currency=options["currency"],
        workdir=options["workdir"],
        patience_s=options["patience"],
    )


def run_with_progress(plan: Plan) -> Result:
    """Play it under a progress bar."""
    session = Session(plan, on_progress=lambda session: tell(session))
    progress = Progress(session.start_ns // NS_PER_MS, session.end_ns // NS_PER_MS)

    def update(session: Session) -> None:
        progress.update(session.scheduler.current_ns() // NS_PER_MS, session.replay.events)

    tell: Callable[[Session], None] = update
    with progress:
        return run(session)


def conclude(result: Result, *, report: Path | None, json_out: str | None) -> None:
    """Write what was asked for, say how it went, and leave with the exit code of the run's status."""
    if json_out == "-":
        sys.stdout.buffer.write(encode(result))
        sys.stdout.flush()
    elif json_out is not None:
        Path(json_out).write_bytes(encode(result))
    if report is not None:
        write_report(result, report)
    if json_out != "-":
        Console().print(summary(result, report=str(report) if report else ""))
    sys.exit(EXIT_CODES[result.run.status])
