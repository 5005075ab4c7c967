"""Session: one backtest put together from its plan - data, venues, clock, bot - and played to its end."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ticklink.backtest.desk import Desk, Reports
from ticklink.backtest.equity import DOLLARS
from ticklink.backtest.feeder import CandleTaker, Feeder
from ticklink.backtest.outbox import Outbox, bot_logger
from ticklink.backtest.plan import Plan
from ticklink.backtest.replay import LONGEST_RUN, Callback, Replay, Target
from ticklink.backtest.result import Status
from ticklink.backtest.samples import Samples, grid
from ticklink.backtest.scheduler import Deadlock, Scheduler, Stop
from ticklink.backtest.tape import Part, Tape
from ticklink.backtest.view import View, followed
from ticklink.backtest.watchdog import Stalled, Watchdog
from ticklink.bot.hooks import Cron, jobs
from ticklink.bot.link import CANDLE_CALLBACKS, overridden
from ticklink.bot.loader import LoadedBot, bot_traceback
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
from ticklink.storage.instruments import catalog

NUMBERS_A_VENUE = 1 << 28
"""Orders and fills of different venues have different ids."""

GRACE_NS = 1_000_000_000
"""How long the clock runs on after the last market event, so that orders on their way still arrive."""

CONSTRUCTED_NS = 1_000_000_000
"""A constructor that has not returned after this long is taken for one that never does."""

Progress = Callable[["Session"], None]
"""Called now and then during the replay."""


class Session:
    """Everything of one backtest, put together; also what it gives the bot (ports.Host)."""

    def __init__(self, plan: Plan, *, on_progress: Progress | None = None, rows_at_once: int = LONGEST_RUN) -> None:
        plan.check()
        self.plan = plan
        self.status: Status = "completed"
        self.reason = self.traceback = ""
        self.loaded: LoadedBot | None = None
        self.bot: Any = None
        self._is_constructed = False
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
        self._assets: set[str] = set()
        self._reports: list[Reports] = []
        self.venues = [self._venue(name, src, place) for place, (name, src) in enumerate(plan.venues.items())]
        if unknown := plan.balances.get("", {}).keys() - self._assets:
            known = ", ".join(sorted(self._assets))
            raise InputError(f"--balance {min(unknown)}: no market of the run has this asset; they have {known}")
        self._check_currency()
        self.exchange = self.desk = Desk(
            self.scheduler,
            self.latency,
            self.venues,
            lambda due_ns: self.replay.expect(due_ns),
            limit=plan.rate_limit,
        )
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
            on_progress=lambda: self._on_progress(self) if self._on_progress else None,
            rows_at_once=rows_at_once,
        )
        self.view = View(self.replay, plan.venues, self.instruments, self.histories, self.start_ns)
        self.outbox = Outbox(self.scheduler.current_ns, self.replay.post)
        self.times = grid(self.start_ns, self.end_ns)
        self.samples = Samples(self.times, len(self.instruments))
        self.feeder.tell(CandleTaker([(self.histories[each.src], each.sym) for each in self.instruments]))
        self.feeder.tell(self.samples)

    # ports.Host

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
        if self.loaded is not None and jobs(self.loaded.bot_class):
            self.scheduler.spawn(self._start_cron, self.loaded.cron, name="cron start")

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
            self._fail(str(stalled), own_frames(stalled.stack, self.plan.bot.parent))
        except (TicklinkError, Deadlock) as error:
            self._fail(str(error))
        except SystemExit as left:
            self._left("a callback", left)
        except BaseException as error:  # noqa: BLE001 - what a callback raised past Exception
            self._fail(f"a callback raised {type(error).__name__}: {error}", "".join(traceback.format_exception(error)))
        finally:
            signal.signal(signal.SIGINT, previous)
            self.scheduler.stop()

    def _start_bot(self) -> None:
        """The bot's main thread."""
        assert self.loaded is not None
        where = "__init__"
        try:
            bot = self.loaded.bot_class()
            where, self._is_constructed = "on_start", True
            self.loaded.cron.start_by_itself()
            bot.on_start()
        except Stop:
            raise
        except SystemExit as left:
            self._left(where, left)
        except Exception as error:  # noqa: BLE001 - the bot's own code: the run has failed
            self._fail(f"{where} raised {type(error).__name__}: {error}", bot_traceback(error, self.loaded.file.parent))
            self.replay.stop()

    def _left(self, where: str, left: SystemExit) -> None:
        """The bot called sys.exit: the end of the run, and a failure where the code is one."""
        reason = f"{where} called sys.exit({'' if left.code is None else repr(left.code)})"
        if left.code in (None, 0):
            self.stop(reason)
        else:
            self._fail(reason, "".join(traceback.format_exception(left)))
            self.replay.stop()

    def _start_cron(self, cron: Cron) -> None:
        """For a bot that never leaves its constructor; the jobs of any other have started by then."""
        self.scheduler.sleep_until(self.scheduler.current_ns() + CONSTRUCTED_NS)
        if not self._is_constructed:
            cron.start_by_itself()

    def _fail(self, reason: str, trace: str = "") -> None:
        if self.status != "failed":
            self.status, self.reason, self.traceback = "failed", reason, trace
            self.outbox.write("CRITICAL", f"{reason}\n{trace}".rstrip())

    def _interrupted(self, _signal: int, _frame: Any) -> None:
        if self.status == "interrupted":
            raise KeyboardInterrupt
        self.status, self.reason = "interrupted", "interrupted by Ctrl-C"
        self.replay.stop()

    def _callback_failed(self, name: str) -> None:
        bot_logger.error("%s raised an exception", name, exc_info=True)

    def _load(self) -> Part | None:
        self.view.close_part()
        return self.feeder.load()

    # Parts

    def _check_currency(self) -> None:
        known = {asset for each in self.instruments for asset in (each.base, each.quote, each.settle)} | set(DOLLARS)
        if self.plan.currency is not None and self.plan.currency not in known:
            raise InputError(
                f"--currency {self.plan.currency}: no market of the run prices it; use one of {', '.join(sorted(known))}"
            )

    def _span(self) -> tuple[int, int]:
        plan = self.plan
        spans = [span for source in self.tape.sources if (span := source.span(plan.root, plan.start_ns, plan.end_ns))]
        if not spans:
            raise InputError(
                f"the archive {plan.root} has no data of these markets in this time; see `ticklink data {plan.root}`"
            )
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        return first, plan.end_ns if plan.end_ns == last + 1 else last

    def _history(self, src: str) -> CandleHistory:
        root, sources = self.plan.root, {each.market.sym: each for each in self.tape.sources if each.market.src == src}
        levels = {sym: source.level for sym, source in sources.items() if source.level is not None}
        return CandleHistory(self.start_ns, lambda sym, start, end: sources[sym].past(root, start, end), levels)

    def _venue(self, name: str, src: str, place: int) -> SimulatedVenue:
        rows = rows_of(src)
        reports = Reports(rows, self.latency, lambda *arguments: self.replay.post(*arguments))
        markets = [(index, each) for index, each in enumerate(self.instruments) if each.src == src]
        account = Account(name, src, self._deposits(name, [each for _, each in markets]), time_ns=self.start_ns)
        plan = self.plan
        exchange = Exchange(
            account,
            rules_of(src),
            reports,
            fees=plan.fees,
            funding=plan.funding,
            start_ns=self.start_ns,
            first_number=1 + place * NUMBERS_A_VENUE,
        )
        for index, instrument in markets:
            market = ReplayedMarket(instrument, plan.queue, self.feeder.more)
            self.feeder.feed(index, market.recording)
            exchange.add_market(market)
        face = face_of(src, exchange, self.histories[src])
        reports.venue = venue = SimulatedVenue(exchange, self.histories[src], face)
        self._reports.append(reports)
        return venue

    def _deposits(self, venue: str, instruments: list[Instrument]) -> dict[str, int]:
        """What was given, else one whole settle or quote asset: 1 XBT, 10,000 of a dollar."""
        scales = {each.settle if not each.is_spot else each.quote: _scale(each) for each in instruments}
        scales |= {each.base: each.base_scale for each in instruments if each.is_spot}
        given = self.plan.balances.get(venue, {})
        for asset in given:
            if asset not in scales:
                raise InputError(
                    f"--balance {venue}:{asset}: the markets of {venue} have no such asset; they have {', '.join(scales)}"
                )
        self._assets |= scales.keys()
        for_all = self.plan.balances.get("", {})
        given = {asset: amount for asset, amount in for_all.items() if asset in scales} | given
        amounts = given or {asset: models.default_balance(asset) for asset in _money(instruments)}
        return {asset: int(amount.scaleb(scales[asset])) for asset, amount in amounts.items()}

    def _trade_callback(self, bot: Any, names: set[str], target: Target) -> Callback:
        """trade_update, and after it the candle callbacks the bot has."""
        wanted = [(name, level) for name, level in CANDLE_CALLBACKS.items() if name in names]
        if not wanted:
            trade_update: Callback = bot.trade_update
            return trade_update
        callback = self._guarded(bot.trade_update, "trade_update")
        for name, level in wanted:
            bars = self.view.new_bars(target.src, target.sym, level)
            callback = _with_candles(callback, self._guarded(getattr(bot, name), name), bars)
        return callback

    def _guarded(self, callback: Callback, name: str) -> Callback:
        """One of several callbacks of the same trade: what it raises must not keep the others from being called."""

        def call(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception:  # noqa: BLE001 - the bot's own code: logged, and the bot goes on
                self._callback_failed(name)

        return call


class SchedulerClock:
    """ports.Clock of a backtest."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.now_ns = scheduler.current_ns


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


def own_frames(stack: str, root: Path) -> str:
    """A stack's text without the frames outside `root`, the bot's workspace; all of it where none is inside."""
    head, *frames = f"\n{stack}".split("\n  File ")
    own = [frame for frame in frames if frame.startswith(f'"{root}')]
    return "\n  File ".join([head, *own]).strip("\n") if own else stack


def _leave(stalled: Stalled) -> None:
    """The bot is stuck in code that cannot be interrupted: say where, and end the process."""
    print(f"the backtest failed: {stalled}\n{stalled.stack}", file=sys.__stderr__, flush=True)
    os._exit(1)
