"""Run: puts a backtest together from its plan, plays it, and makes its result. One backtest per process."""

import gc
import os
import platform
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec
import numpy as np

from ticklink.backtest import record, virtual_time
from ticklink.backtest.desk import Desk, Reports
from ticklink.backtest.equity import Records, equity
from ticklink.backtest.feeder import CandleTaker, Feeder
from ticklink.backtest.metrics import metrics
from ticklink.backtest.outbox import Outbox, Printed, bot_logger
from ticklink.backtest.plan import Plan
from ticklink.backtest.replay import Callback, Replay, Target
from ticklink.backtest.result import Result, Run, Status, Timing
from ticklink.backtest.samples import Samples, grid
from ticklink.backtest.scheduler import Scheduler
from ticklink.backtest.tape import Tape
from ticklink.backtest.view import View, followed
from ticklink.backtest.watchdog import Stalled, Watchdog, report_real_calls
from ticklink.bot.link import CANDLE_CALLBACKS, overridden
from ticklink.bot.loader import LoadedBot, bot_traceback, load
from ticklink.model.errors import InputError, TicklinkError
from ticklink.model.instruments import Instrument
from ticklink.simulator import models
from ticklink.simulator.accounts import Account
from ticklink.simulator.candles import CandleHistory
from ticklink.simulator.exchange import Exchange
from ticklink.simulator.native import face_of, rows_of
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import rules_of
from ticklink.simulator.venue import SimulatedVenue
from ticklink.storage import archive
from ticklink.storage.instruments import catalog

GRACE_NS = 1_000_000_000
"""How long the clock runs on after the last market event, so that orders on their way still arrive."""

VERSIONS = ("ticklink", "numpy", "greenlet", "msgspec", "pyarrow")

Progress = Callable[["Session"], None]
"""Called now and then during the replay."""


class Stopped(Exception):
    """The bot asked to be stopped, or the user interrupted."""


class Session:
    """Everything of one backtest, put together; also what it gives the bot (ports.Host)."""

    def __init__(self, plan: Plan, *, on_progress: Progress | None = None) -> None:
        plan.check()
        self.plan = plan
        self.status: Status = "completed"
        self.reason = ""
        self.loaded: LoadedBot | None = None
        self.bot: Any = None
        self._on_progress = on_progress
        lookup = catalog(plan.root)
        self.instruments: list[Instrument] = [lookup(market.src, market.sym) for market in plan.markets]
        self.tape = Tape(plan.root, plan.markets, self.instruments, plan.start_ns, plan.end_ns)
        self.start_ns, self.end_ns = self._span()
        self.latency = plan.latency.model(plan.seed)
        self.run_end_ns = self.end_ns + self.latency.feed_ns + GRACE_NS
        self.scheduler = Scheduler(self.start_ns, end_ns=self.run_end_ns)
        self.clock = SchedulerClock(self.scheduler)
        self.histories = {src: self._history(src) for src in {market.src for market in plan.markets}}
        self.feeder = Feeder(self.tape, lambda: self.replay.market_ns())
        self.venues = [self._venue(name, src) for name, src in plan.venues.items()]
        self.desk = Desk(self.scheduler, self.latency, self.venues, lambda: self.replay.interrupt())
        targets = [
            Target(each.src, each.sym, is_trade=is_trade) for each in self.instruments for is_trade in (False, True)
        ]
        self.replay = Replay(
            self.scheduler,
            self.desk,
            targets,
            self.latency.feed_ns,
            self._load,
            on_error=self._callback_failed,
            on_progress=lambda _events: self._on_progress(self) if self._on_progress else None,
        )
        self.view = View(self.replay, plan.venues, self.instruments, self.histories)
        self.outbox = Outbox(self.scheduler.current_ns, self.replay.post)
        self.times = grid(self.start_ns, self.end_ns)
        self.samples = Samples(self.times, len(self.instruments))
        self.feeder.tell(CandleTaker([(self.histories[each.src], each.sym) for each in self.instruments]))
        self.feeder.tell(self.samples)

    # ports.Host

    @property
    def exchange(self) -> Desk:
        return self.desk

    @property
    def market(self) -> View:
        return self.view

    @property
    def bus(self) -> Outbox:
        return self.outbox

    def attach(self, bot: Any) -> None:
        """Wire the bot's callbacks."""
        self.bot = bot
        names = overridden(bot)
        for reports in self._reports:
            reports.wire(bot, names)
        for target in self.replay.targets:
            target.call = self._trade_callback(bot, names, target) if target.is_trade else bot.quote_update
        self.replay.is_wired = True
        self.replay.interrupt()

    def stop(self, message: str | None) -> None:
        """At the bot's own wish."""
        self.status, self.reason = "stopped", message or "the bot stopped trading"
        self.replay.stop()

    # The run

    def play(self) -> None:
        """Replay everything. Whatever ends the run early is in `status` and `reason` afterwards."""
        previous = signal.signal(signal.SIGINT, self._interrupted)
        try:
            with Watchdog(
                self.scheduler,
                progress=lambda: self.replay.events,
                last_resort=_leave,
                patience_s=self.plan.patience_s,
            ):
                self.scheduler.spawn(self._start_bot, main=True)
                self.replay.run(self.run_end_ns)
        except Stalled as stalled:
            self._fail(f"{stalled}\n{stalled.stack}")
        except TicklinkError as error:
            self._fail(str(error))
        except BaseException as error:  # noqa: BLE001 - a deadlock, or what a callback raised past Exception
            self._fail("".join(traceback.format_exception_only(error)).strip())
        finally:
            signal.signal(signal.SIGINT, previous)
            self.scheduler.stop()

    def _start_bot(self) -> None:
        """The bot's main thread."""
        assert self.loaded is not None
        try:
            bot = self.loaded.bot_class()
            self.loaded.cron.start_by_itself()
            bot.on_start()
        except Exception as error:  # noqa: BLE001 - the bot's own code: the run has failed
            where = "on_start" if self.bot is not None else "__init__"
            self._fail(f"{where} raised:\n{bot_traceback(error, self.loaded.file.parent)}")
            self.replay.stop()

    def _fail(self, reason: str) -> None:
        if self.status != "failed":
            self.status, self.reason = "failed", reason
            self.outbox.write("CRITICAL", reason)

    def _interrupted(self, _signal: int, _frame: Any) -> None:
        if self.status == "interrupted":
            raise KeyboardInterrupt
        self.status, self.reason = "interrupted", "interrupted by Ctrl-C"
        self.replay.stop()

    def _callback_failed(self, name: str) -> None:
        bot_logger.error("%s raised an exception", name, exc_info=True)

    def _load(self) -> Any:
        self.view.close_part()
        return self.feeder.load()

    # Parts

    def _span(self) -> tuple[int, int]:
        plan = self.plan
        spans = [span for source in self.tape.sources if (span := source.span(plan.root, plan.start_ns, plan.end_ns))]
        if not spans:
            raise InputError(
                f"the archive {plan.root} has no data of these markets in this time; see `ticklink data {plan.root}`"
            )
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        return plan.start_ns or first, plan.end_ns or last

    def _history(self, src: str) -> CandleHistory:
        root = self.plan.root
        return CandleHistory(self.start_ns, lambda sym, start, end: archive.read_trades(root, src, sym, start, end))

    def _venue(self, name: str, src: str) -> SimulatedVenue:
        rows = rows_of(src)
        reports = Reports(rows, self.latency, lambda *arguments: self.replay.post(*arguments))
        markets = [(index, each) for index, each in enumerate(self.instruments) if each.src == src]
        account = Account(name, src, self._deposits(name, [each for _, each in markets]), time_ns=self.start_ns)
        plan = self.plan
        exchange = Exchange(
            account, rules_of(src), reports, fees=plan.fees, funding=plan.funding, start_ns=self.start_ns
        )
        for index, instrument in markets:
            market = ReplayedMarket(instrument, plan.queue, self.feeder.more)
            self.feeder.feed(index, market.recording)
            exchange.add_market(market)
        face = face_of(src, exchange, self.histories[src])
        reports.venue = venue = SimulatedVenue(exchange, self.histories[src], face)
        self._reports = [*getattr(self, "_reports", []), reports]
        return venue

    def _deposits(self, venue: str, instruments: list[Instrument]) -> dict[str, int]:
        """What was given, else one whole settle or quote asset: 1 XBT, 10,000 of a dollar."""
        scales = {each.settle if not each.is_spot else each.quote: _scale(each) for each in instruments}
        scales |= {each.base: each.base_scale for each in instruments if each.is_spot}
        given = self.plan.balances.get(venue, {})
        for asset in given:
            if asset not in scales:
                raise InputError(
                    f"--balance {asset}: the markets of {venue} have no such asset; they have {', '.join(scales)}"
                )
        amounts = given or {asset: models.default_balance(asset) for asset in _money(instruments)}
        return {asset: int(amount.scaleb(scales[asset])) for asset, amount in amounts.items()}

    def _trade_callback(self, bot: Any, names: set[str], target: Target) -> Callback:
        """trade_update, and after it the candle callbacks the bot has."""
        src, sym = target.src, target.sym
        callback: Callback = bot.trade_update
        for name, level in CANDLE_CALLBACKS.items():
            if name in names:
                callback = _with_candles(callback, getattr(bot, name), self.view.new_bars(src, sym, level))
        return callback


class SchedulerClock:
    """ports.Clock of a backtest."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.now_ns = scheduler.current_ns


def run(
    plan: Plan, *, on_progress: Progress | None = None, on_start: Callable[[Session], None] | None = None
) -> Result:
    """Run a backtest in this process, which it changes for good: call it once, in a process of its own."""
    session = Session(plan, on_progress=on_progress)
    seed_everything(plan.seed)
    virtual_time.install(session.scheduler)
    stdout = sys.stdout
    bot_logger.setLevel("INFO")
    bot_logger.addHandler(session.outbox)
    bot_logger.propagate = False
    threading.excepthook = lambda args: _thread_failed(session, args)
    try:
        sys.stdout = Printed(session.outbox.write)
        session.loaded = load(plan.bot, session, directory=plan.workdir)
        report_real_calls(lambda what, file, line: _real_call(session, what, file, line))
        if on_start is not None:
            on_start(session)
        gc.collect()
        gc.freeze()
        began = virtual_time.REAL.perf_counter()
        session.play()
        seconds = virtual_time.REAL.perf_counter() - began
    finally:
        sys.stdout = stdout
        bot_logger.removeHandler(session.outbox)
    return result_of(session, seconds)


def result_of(session: Session, seconds: float) -> Result:
    """What the run left behind."""
    plan, loaded = session.plan, session.loaded
    assert loaded is not None
    reached_ns = min(max(session.scheduler.now_ns, session.start_ns), session.end_ns)
    upto = int(np.searchsorted(session.times, reached_ns, "right"))
    times_ns = session.times[:upto]
    if not upto or times_ns[-1] < reached_ns:
        upto = min(upto + 1, len(session.times))
        times_ns = session.times[:upto]
    times = [int(time) // models.NS_PER_MS for time in times_ns]
    for venue in session.venues:
        venue.exchange.advance(reached_ns)
    records = Records(
        times=times,
        instruments=session.instruments,
        venues=plan.venues,
        prices=session.samples.prices(session.instruments, upto),
        orders=record.orders(session.venues),
        fills=record.fills(session.venues),
        ledger=record.ledger(session.venues),
    )
    worth = equity(records, currency=plan.currency)
    return Result(
        run=Run(
            status=session.status,
            reason=session.reason,
            bot={"file": loaded.file.name, "class": loaded.bot_class.__name__, "sha256": loaded.sha256},
            events=session.replay.events,
            from_=session.start_ns // models.NS_PER_MS,
            to=reached_ns // models.NS_PER_MS,
            seed=plan.seed,
            venues=plan.venues,
            markets=[str(market) for market in plan.markets],
            versions={name: version(name) for name in VERSIONS} | {"python": platform.python_version()},
            data=checksums(session),
        ),
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
        timing=Timing(seconds, session.replay.events / seconds if seconds else 0.0),
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
        "rate limits": "counted and reported to the bot, never enforced",
        "mark price": "the middle of the quote",
    }
    words |= {f"data of {source.market}": source.note for source in session.tape.sources if source.note}
    over = {venue.name: venue.over_budget for venue in session.venues if venue.over_budget}
    words |= {
        f"requests over {name}'s rate limit": f"{count}: live, they would have waited" for name, count in over.items()
    }
    return words


def checksums(session: Session) -> dict[str, str]:
    """SHA-256 of every archive file that was read, by its path in the archive."""
    plan = session.plan
    paths = [path for source in session.tape.sources for path in source.files(plan.root, plan.start_ns, plan.end_ns)]
    return {path.relative_to(plan.root).as_posix(): archive.sha256(path) for path in sorted(set(paths))}


def seed_everything(seed: int) -> None:
    """What is random in this process from here on is the same on every run: random, numpy, uuid and secrets too."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    entropy = random.Random(f"ticklink {seed}")
    os.urandom = entropy.randbytes
    random.SystemRandom.random = lambda _self: entropy.random()  # type: ignore[method-assign]
    random.SystemRandom.getrandbits = lambda _self, bits: entropy.getrandbits(bits)  # type: ignore[method-assign]


def encode(result: Result) -> bytes:
    """The JSON of a result, readable and in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"


def _with_candles(callback: Callback, candle_callback: Callback, bars: Any) -> Callback:
    def on_trade(src: str, sym: str, data: dict[str, Any]) -> None:
        callback(src, sym, data)
        candle_callback(src, sym, bars)

    return followed(on_trade, bars)


def _scale(instrument: Instrument) -> int:
    return instrument.quote_scale if instrument.is_spot else instrument.settle_scale


def _money(instruments: list[Instrument]) -> list[str]:
    """The assets that a bot needs to begin with: what its markets are paid in."""
    return list(dict.fromkeys(each.quote if each.is_spot else each.settle for each in instruments))


def _thread_failed(session: Session, args: Any) -> None:
    if args.exc_type is not None and issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread is not None else "?"
    bot_logger.error("thread %s raised", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _real_call(session: Session, what: str, file: str, line: int) -> None:
    session.outbox.write(
        "WARNING", f"{file}:{line} reaches out of the backtest: {what}; it happens for real, in no virtual time"
    )


def _leave(stalled: Stalled) -> None:
    """The bot is stuck in code that cannot be interrupted: say where, and end the process."""
    print(f"the backtest failed: {stalled}\n{stalled.stack}", file=sys.__stderr__, flush=True)
    os._exit(1)
