"""Replay: recorded events into a bot's callbacks, in virtual time, merged with its timers and its own orders' events.

Between two things that could matter to somebody (a timer, an event of our own, a fill in the recording) nothing can happen
but market data, so those rows are handed to the callbacks in one plain loop. Nobody counts rows or sets a clock in it: how far
it is can be read off a list iterator that it runs along, and moving that iterator on is how the loop is cut short.
"""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ticklink.backtest.scheduler import EndOfData, Scheduler
from ticklink.backtest.tape import Part

NEVER = 2**63 - 1
LONGEST_RUN = 8_192
"""Rows handed out in one loop at most."""

Callback = Callable[..., object]


class Venues(Protocol):
    """The simulated exchanges, as far as a replay needs to know."""

    def next_due_ns(self) -> int: ...

    def advance(self, until_ns: int) -> None: ...


class Target:
    """Where a stream's rows go."""

    __slots__ = ("call", "is_trade", "src", "sym")

    def __init__(self, src: str, sym: str, *, is_trade: bool) -> None:
        self.src, self.sym, self.is_trade = src, sym, is_trade
        self.call: Callback | None = None


class Replay:
    """The feed of a backtest: builds nothing, only says what happens next.

    `load` gives the next part of the recording; `on_error` is told of an exception that a callback raised; `on_progress` is
    called after at most `rows_at_once` events.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        venues: Venues,
        targets: list[Target],
        feed_ns: int,
        load: Callable[[], Part | None],
        *,
        on_error: Callable[[str], None],
        on_progress: Callable[[], None],
        rows_at_once: int = LONGEST_RUN,
    ) -> None:
        self._scheduler, self._venues, self.targets, self._feed_ns = scheduler, venues, targets, feed_ns
        self._load, self._on_error, self._on_progress = load, on_error, on_progress
        self._private: list[tuple[int, int, Callback, tuple[Any, ...]]] = []
        self._private_count = 0
        self._events_before = 0
        self._rows_at_once = rows_at_once
        self._track = [None] * rows_at_once
        """What a loop's iterator runs along; only its position counts."""
        self.part: Part | None = None
        self._times: memoryview = memoryview(b"")
        """The part's times: a memoryview gives plain integers, quicker than an array does."""
        self._columns: list[Iterator[Any]] = []
        """Iterators over the part's columns: they stand where the last loop left them."""
        self._row = self._high = 0
        self._rows: Any = None
        """The running loop's iterator; None while no loop runs."""
        self.is_wired = False
        self.is_stopped = False
        scheduler.time_source = self.fed_ns
        scheduler.on_interrupt = self.interrupt

    # The present

    @property
    def row(self) -> int:
        """How many rows of the present part have been handed out."""
        return self._row if self._rows is None else self._high - self._rows.__length_hint__()

    @property
    def events(self) -> int:
        """How many market events have been handed out."""
        return self._events_before + self.row

    def fed_ns(self) -> int:
        """When the latest row reached the bot; 0 before the first of a part."""
        rows = self._rows
        # `row`, written out: every order asks
        row = self._row if rows is None else self._high - rows.__length_hint__()
        return self._times[row - 1] + self._feed_ns if row else 0

    def market_ns(self) -> int:
        """Up to which of the venues' times the bot has seen its markets."""
        return max(self._scheduler.now_ns, self.fed_ns()) - self._feed_ns

    def interrupt(self) -> None:
        """Something may now be due sooner: end the running loop after the row at hand."""
        rows = self._rows
        if rows is not None:
            self._row, self._rows = self._high - rows.__length_hint__(), None
            rows.__setstate__(self._rows_at_once)

    def expect(self, due_ns: int) -> None:
        """Something is now due at a time: end the running loop before the first row that comes after."""
        rows = self._rows
        if rows is None or due_ns > self._times[self._high - 1] + self._feed_ns:
            return
        left = rows.__length_hint__()
        stop = bisect_left(self._times, due_ns - self._feed_ns, self._high - left, self._high)
        rows.__setstate__(self._rows_at_once - left + self._high - stop)
        self._high = stop

    def stop(self) -> None:
        """End the run after the callback at hand."""
        self.is_stopped = True
        self.interrupt()

    def post(self, due_ns: int, callback: Callback, *arguments: Any) -> None:
        """Call the bot at a time, in order with everything else."""
        self._private_count += 1
        heapq.heappush(self._private, (due_ns, self._private_count, callback, arguments))
        self.expect(due_ns)

    # The run

    def run(self, end_ns: int) -> None:
        """Everything until the data or the bot ends. A callback that sleeps beyond `end_ns` ends the run."""
        try:
            self._scheduler.run_until(self._scheduler.now_ns)
            while not self.is_stopped and (part := self._load()) is not None:
                self._play(part)
            if not self.is_stopped:
                self._settle(end_ns)
                self._scheduler.run_until(end_ns)
        except EndOfData:
            self._scheduler.now_ns = max(self._scheduler.now_ns, end_ns)

    def _play(self, part: Part) -> None:
        # the clock must not fall back to the part before while this one has handed out nothing
        self._scheduler.now_ns = self._scheduler.current_ns()
        self._events_before += self._row
        self.part, self._row = part, 0
        length, feed_ns = len(part), self._feed_ns
        self._times = times = part.times.data
        self._columns = part.columns_from(0)
        while self._row < length and not self.is_stopped:
            due_ns = self._settle(times[self._row] + feed_ns)
            first, stop = self._row, min(self._row + self._rows_at_once, length)
            if times[stop - 1] + feed_ns >= due_ns:
                stop = max(bisect_left(times, due_ns - feed_ns, first, stop), first + 1)
            if self.is_wired and not self.is_stopped:
                self._hand_out(stop)
            elif not self.is_stopped:
                self._row, self._columns = stop, part.columns_from(stop)
            self._on_progress()

    def _settle(self, until_ns: int) -> int:
        """Let everything due by `until_ns` happen: timers, exchanges, the bot's own events. Returns when the next is due."""
        scheduler, venues, private = self._scheduler, self._venues, self._private
        while not self.is_stopped:
            venue_ns = venues.next_due_ns()
            private_ns = private[0][0] if private else NEVER
            timer_ns = scheduler.now_ns if scheduler.ready else scheduler.next_ns
            due_ns = min(venue_ns, private_ns, timer_ns)
            if due_ns > until_ns:
                return due_ns
            if timer_ns == due_ns:
                scheduler.run_until(max(timer_ns, scheduler.now_ns))
            elif venue_ns == due_ns:
                venues.advance(venue_ns)
            else:
                scheduler.run_until(max(private_ns, scheduler.now_ns))
                self._call_private()
        return until_ns

    def _call_private(self) -> None:
        _, _, callback, arguments = heapq.heappop(self._private)
        if not self.is_wired:
            return
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001 - the bot's own code: logged, and the bot goes on
            self._on_error(getattr(callback, "__name__", repr(callback)))

    def _hand_out(self, stop: int) -> None:
        """The fast path: rows up to `stop` to the bot's callbacks, one expression each; see the module's docstring."""
        self._high = stop
        targets = [(target.call, target.src, target.sym, target.is_trade) for target in self.targets]
        rows: Any = iter(self._track)
        rows.__setstate__(self._rows_at_once - stop + self._row)
        self._rows = rows
        try:
            for _, millis, code, a, b, c, d in zip(rows, *self._columns, strict=False):
                call, src, sym, is_trade = targets[code]
                if is_trade:
                    call(src, sym, {"side": "Buy" if c > 0 else "Sell", "price": a, "size": b, "time": millis})
                else:
                    call(src, sym, {"bid": [a, b], "ask": [c, d], "time": millis})
        except Exception:  # noqa: BLE001 - the bot's own code: logged, and the bot goes on
            self._on_error("trade_update" if is_trade else "quote_update")
        finally:
            if self._rows is not None:
                self._row, self._rows = self._high - rows.__length_hint__(), None
