"""Run: plays a backtest in a process of its own and makes its result."""

import gc
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ticklink.backtest import record, virtual_time
from ticklink.backtest.chance import seed_everything
from ticklink.backtest.equity import Records, equity
from ticklink.backtest.metrics import metrics
from ticklink.backtest.outbox import Outbox, Printed, bot_logger
from ticklink.backtest.plan import Plan
from ticklink.backtest.result import Result, Run, Timing
from ticklink.backtest.session import Session
from ticklink.backtest.watchdog import report_real_calls
from ticklink.bot.loader import bot_traceback, load, working_directory
from ticklink.simulator import models
from ticklink.storage import archive

GARBAGE_EVERY = 20_000
"""New objects between two collections: each looks at all the events at hand, so they should be rare."""

VERSIONS = ("ticklink", "numpy", "greenlet", "msgspec", "pyarrow")


def run(session: Session) -> Result:
    """Play a backtest in this process, which it changes for good: call it once, in a process of its own."""
    with bot_folder(session.plan) as folder:
        seed_everything(session.plan.seed)
        virtual_time.install(session.scheduler)
        with heard(session.outbox):
            session.outbox.trace = lambda error: bot_traceback(error, session.plan.bot.parent)
            threading.excepthook = lambda args: _thread_failed(args)
            session.loaded = load(session.plan.bot, session, directory=folder)
            report_real_calls(lambda what, file, line: _real_call(session, what, file, line))
            gc.collect()
            gc.freeze()
            gc.set_threshold(GARBAGE_EVERY)
            began = virtual_time.REAL.perf_counter()
            session.play()
            seconds = virtual_time.REAL.perf_counter() - began - session.feeder.seconds
    return result_of(session, seconds)


@contextmanager
def bot_folder(plan: Plan) -> Iterator[Path]:
    """The bot's working directory: what was asked for, or a copy of its own that the run may change without a trace."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="ticklink-") as folder:
        try:
            yield plan.workdir or _copied(working_directory(plan.bot), Path(folder))
        finally:
            os.chdir(here)


def _copied(kept: Path, folder: Path) -> Path:
    copy = folder / kept.name
    if kept.is_dir():
        shutil.copytree(kept, copy)
    return copy


@contextmanager
def heard(outbox: Outbox) -> Iterator[None]:
    """While a bot runs, its log and what it prints go to the outbox."""
    stdout = sys.stdout
    bot_logger.setLevel("INFO")
    bot_logger.propagate = False
    bot_logger.addHandler(outbox)
    sys.stdout = Printed(outbox.write)
    try:
        yield
    finally:
        sys.stdout = stdout
        bot_logger.removeHandler(outbox)


def result_of(session: Session, seconds: float) -> Result:
    """What the run left behind."""
    reached_ns = min(max(session.scheduler.current_ns(), session.start_ns), session.end_ns)
    records = records_of(session, reached_ns)
    worth = equity(records, currency=session.plan.currency)
    events = session.replay.events
    return Result(
        run=identity(session, reached_ns),
        assumptions=assumptions(session),
        orders=records.orders,
        fills=records.fills,
        positions=record.positions(session.venues),
        ledger=records.ledger,
        prices=records.prices,
        equity=worth,
        metrics=metrics(records, worth),
        signals=session.outbox.signals,
        published=session.outbox.published,
        log=session.outbox.lines(),
        timing=Timing(seconds, events / seconds if seconds else 0.0, session.feeder.seconds),
    )


def records_of(session: Session, reached_ns: int) -> Records:
    """The books of the run up to where it got, on its time grid."""
    upto = min(int(np.searchsorted(session.times, reached_ns)) + 1, len(session.times))
    times = [int(time) // models.NS_PER_MS for time in session.times[:upto]]
    for venue in session.venues:
        venue.exchange.advance(reached_ns)
    fills = record.fills(session.venues)
    if fills:
        # what was on its way at the last event may have arrived a moment later
        times[-1] = max(times[-1], fills[-1].time)
    return Records(
        times=times,
        instruments=session.instruments,
        venues=session.plan.venues,
        prices=session.samples.prices(session.instruments, upto),
        orders=record.orders(session.venues),
        fills=fills,
        ledger=record.ledger(session.venues),
    )


def identity(session: Session, reached_ns: int) -> Run:
    """What was run, on what, and how it ended."""
    plan, loaded = session.plan, session.loaded
    assert loaded is not None
    return Run(
        status=session.status,
        reason=session.reason,
        traceback=session.traceback,
        bot={"file": loaded.file.name, "class": loaded.bot_class.__name__, "sha256": loaded.sha256},
        events=session.replay.events,
        from_=session.start_ns // models.NS_PER_MS,
        to=reached_ns // models.NS_PER_MS,
        seed=plan.seed,
        venues=plan.venues,
        markets=[str(market) for market in plan.markets],
        versions={name: version(name) for name in VERSIONS} | {"python": platform.python_version()},
        data=checksums(session),
    )


def assumptions(session: Session) -> dict[str, str]:
    """Every model that decided the outcome, in words."""
    plan = session.plan
    words = {
        "latency": session.latency.describe(),
        "queue": plan.queue.describe(),
        "fees": plan.fees.describe(),
        "funding": plan.funding.describe(),
        "depth": models.DEPTH,
        "order of events": models.TIES,
        "rate limits": plan.rate_limit.describe(),
        "mark price": "the middle of the quote",
    }
    words |= {f"data of {source.market}": source.note for source in session.tape.sources if source.note}
    over = {venue.name: venue.over_budget for venue in session.venues if venue.over_budget}
    words |= {
        f"requests over {name}'s rate limit": f"{count} went through all the same" for name, count in over.items()
    }
    return words


def checksums(session: Session) -> dict[str, str]:
    """SHA-256 of every archive file that was read, by its path in the archive."""
    plan = session.plan
    paths = [path for source in session.tape.sources for path in source.files(plan.root, plan.start_ns, plan.end_ns)]
    return {path.relative_to(plan.root).as_posix(): archive.sha256(path) for path in sorted(set(paths))}


def encode(result: Result) -> bytes:
    """The JSON of a result, readable and in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"


def _thread_failed(args: Any) -> None:
    if args.exc_type is not None and issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread is not None else "?"
    bot_logger.error("thread %s raised", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _real_call(session: Session, what: str, file: str, line: int) -> None:
    session.outbox.write(
        "WARNING", f"{file}:{line} reaches out of the backtest: {what}; it happens for real, in no virtual time"
    )
