"""Virtual time for a bot's threads: one runs at a time, and the clock jumps to whatever falls due next.

A *virtual thread* is a thread of the simulated world. It runs until it waits; then the scheduler resumes, in this
order, the threads that can run now (first come, first served), then the one whose timer falls due first (time, then
the order of arming). Nothing here reads a real clock or depends on hashing, so a program's every run is the same.

The thread that builds the Scheduler is the *feed*: it delivers market events, calls the bot's callbacks, and lets the
others run with `run_until`. Two back ends switch between threads in the same order: greenlets on one OS thread, or
real OS threads that pass one baton (slower; used to check the first).
"""

import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any, Literal

from ticklink.backtest.carriers import Batons, Greenlets, VirtualThread

NEVER = 2**63 - 1
"""A time after every other: no timer is armed."""
FOREVER = NEVER - 1
"""The latest time a timer can have."""
MAIN_IDENT = 1
FEED_IDENT = 2
YIELDS_AN_INSTANT = 100
SHORTEST_SLEEP_NS = 1_000_000
STOP_ATTEMPTS = 10


class Stop(SystemExit):
    """Raised inside a bot's threads when the backtest is over, so that their `finally` blocks run."""


class Deadlock(BaseException):
    """The feed waits, and nothing in the simulated world will ever wake it."""


class EndOfData(BaseException):
    """A callback went to sleep and would wake after the last market event."""


class Scheduler:
    """Runs virtual threads one at a time on a clock of integer nanoseconds.

    `end_ns` is the time of the last market event: a callback that waits beyond it gets `EndOfData`.
    """

    def __init__(
        self, start_ns: int, *, backend: Literal["greenlet", "thread"] = "greenlet", end_ns: int = FOREVER
    ) -> None:
        self.now_ns = start_ns
        self.next_ns = NEVER
        self.ready: deque[VirtualThread] = deque()
        self.time_source: Callable[[], int] | None = None
        self.on_interrupt: Callable[[], None] | None = None
        self.switches = 0
        self.failure: BaseException | None = None
        self.feed = self.current = VirtualThread(FEED_IDENT, "dispatch", lambda: None)
        self._timers: list[tuple[int, int, VirtualThread]] = []
        self._armed = 0
        self._born = FEED_IDENT
        self._threads: dict[VirtualThread, None] = {}
        self._abandoned: list[VirtualThread] = []
        self._end_ns = self._horizon_ns = end_ns
        self._is_alarmed = self._is_stopping = False
        self._yields = (start_ns, 0)
        carrier = Greenlets if backend == "greenlet" else Batons
        self._carrier = carrier(run=self._run, hand_on=self._hand_on)
        self._carrier.adopt(self.feed)

    # Time

    def current_ns(self) -> int:
        """The time now: the feed's or that of the last timer, whichever is later."""
        if self.time_source is not None:
            fed_ns = self.time_source()
            if fed_ns > self.now_ns:
                return fed_ns
        return self.now_ns

    def run_until(self, time_ns: int) -> None:
        """Runs every thread that is ready or falls due up to and including `time_ns`. For the feed only.

        Raises what `fail` was given.
        """
        if self.ready or self.next_ns <= time_ns:
            self._horizon_ns = time_ns
            try:
                self._give_way(self.feed)
            finally:
                self._horizon_ns = self._end_ns
        if time_ns > self.now_ns:
            self.now_ns = time_ns

    def sleep_until(self, time_ns: int) -> None:
        """Waits until `time_ns`; lets others that are ready or due by then run first."""
        if time_ns < self.next_ns and not self.ready and time_ns <= self._horizon_ns:
            if time_ns > self.now_ns:
                self.now_ns = time_ns
            return
        thread = self.current
        self._arm(thread, time_ns)
        self._give_way(thread)
        if thread.timer:
            self._raise_unwoken(thread)

    def yield_now(self) -> None:
        """Lets the other threads that can run now go first.

        A thread that only ever yields (`while not done: sleep(0)`) would keep the clock where it is, so that what
        it waits for never happens: every hundredth time at the same instant a millisecond passes.
        """
        now_ns = self._fold()
        at_ns, count = self._yields
        if at_ns != now_ns:
            count = 0
        self._yields = (now_ns, count + 1)
        self.sleep_until(now_ns if count < YIELDS_AN_INSTANT else now_ns + SHORTEST_SLEEP_NS)

    # Waiting and waking, for locks

    def wait(self, timeout_ns: int | None = None) -> bool:
        """Waits for `wake`. False when the time-out came first."""
        thread = self.current
        thread.was_woken = False
        thread.is_waiting = True
        now_ns = self._fold()
        if timeout_ns is not None:
            self._arm(thread, now_ns + timeout_ns)
        self._give_way(thread)
        if thread.is_waiting:
            self._raise_unwoken(thread)
        return thread.was_woken

    def wake(self, thread: VirtualThread) -> None:
        """Ends a thread's `wait`. It runs after those that are ready already."""
        thread.is_waiting = False
        thread.was_woken = True
        self._disarm(thread)
        self._make_ready(thread)

    # Threads

    def spawn(
        self,
        target: Callable[..., object],
        *args: Any,
        name: str | None = None,
        main: bool = False,
        **kwargs: Any,
    ) -> VirtualThread:
        """A new thread that is ready to run. With `main` the bot's code sees it as `threading.main_thread()`."""
        if self._is_stopping:
            raise Stop("the backtest is over: no new thread")
        self._fold()
        if not main:
            self._born += 1
        ident = MAIN_IDENT if main else self._born
        default_name = "MainThread" if main else f"Thread-{ident}"
        thread = VirtualThread(ident, name or default_name, partial(target, *args, **kwargs))
        self._threads[thread] = None
        self._carrier.prepare(thread)
        self._make_ready(thread)
        return thread

    @property
    def threads(self) -> tuple[VirtualThread, ...]:
        """The threads that have not ended, oldest first, without the feed."""
        return tuple(self._threads)

    def describe(self) -> str:
        """One line for each thread: its name, file and line."""
        return "\n".join(
            f'  thread "{thread.name}" at {place}'
            for thread in (self.feed, *self._threads)
            for place in (thread.place(),)
        )

    def fail(self, error: BaseException) -> None:
        """Makes the feed raise `error` as soon as the running thread gives way."""
        if self.failure is None and not self._is_stopping:
            self.failure = error
            self._is_alarmed = True
            self._disarm(self.feed)
            self._make_ready(self.feed, first=True)

    def stop(self) -> None:
        """Ends every thread, oldest first, by raising `Stop` in it. A thread that goes on regardless is left behind."""
        self.failure = None
        self._is_alarmed = self._is_stopping = True
        self._horizon_ns = -1  # no timer runs any more, and no sleep takes the short way
        for thread in self.threads:
            self._end(thread)
        self._forget_waits()
        self._horizon_ns = self._end_ns

    def _end(self, thread: VirtualThread) -> None:
        for _ in range(STOP_ATTEMPTS):
            if thread not in self._threads:
                return
            self._forget_waits()
            self.ready.append(thread)
            self._give_way(self.feed)
        self._threads.pop(thread, None)
        self._abandoned.append(thread)  # a collected greenlet would be run once more

    def _forget_waits(self) -> None:
        self.ready.clear()
        self._timers.clear()
        self.next_ns = NEVER

    def _run(self, thread: VirtualThread) -> None:
        """The whole life of a thread."""
        try:
            if not self._is_stopping:
                thread.target()
        except SystemExit:
            pass
        except BaseException as error:  # noqa: BLE001 - the bot's code: what it raises ends its thread only
            self._report(error)
        finally:
            del self._threads[thread]
            if thread.on_exit is not None:
                thread.on_exit()

    def _report(self, error: BaseException) -> None:
        if error is self.failure:
            return
        try:
            threading.excepthook(
                threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
            )
        except Exception:  # noqa: BLE001 - the hook may be the bot's
            sys.excepthook(*sys.exc_info())

    # Switching

    def _give_way(self, thread: VirtualThread) -> None:
        # _choose, written out: every wake-up passes here twice.
        if self.ready:
            following = self.ready.popleft()
        elif self.next_ns > self._horizon_ns:
            following = self.feed
        else:
            following = self._pop_due()
        if following is not thread:
            self.current = following
            self.switches += 1
            if thread.leave is None:
                following.resume(thread)
            else:
                come_back = thread.leave()
                following.resume(thread)
                come_back()
        if self._is_alarmed:
            self._sound_alarm(thread)

    def _hand_on(self) -> None:
        """A thread has ended: its carrier goes to the one whose turn it is."""
        self.current = following = self._choose()
        self.switches += 1
        following.resume(None)

    def _choose(self) -> VirtualThread:
        """The thread whose turn it is. The feed's comes when nothing else is ready or due."""
        if self.ready:
            return self.ready.popleft()
        return self.feed if self.next_ns > self._horizon_ns else self._pop_due()

    def _sound_alarm(self, thread: VirtualThread) -> None:
        if thread is not self.feed:
            if self._is_stopping:
                thread.is_waiting = False
                thread.timer = 0
                raise Stop("the backtest is over")
        elif self.failure is not None:
            thread.is_waiting = False
            self._make_ready(thread, first=True)  # and again, should the bot's code swallow it
            raise self.failure

    def _raise_unwoken(self, thread: VirtualThread) -> None:
        """Only the feed resumes without having been woken: when nothing else can run."""
        thread.is_waiting = False
        if thread.timer:
            self._disarm(thread)
            raise EndOfData(f"the callback at {thread.place()} waits beyond the last market event")
        never = "ever" if self.next_ns == NEVER else "before the last market event"
        raise Deadlock(f"the callback at {thread.place()} waits and nothing will wake it {never}:\n{self.describe()}")

    def _fold(self) -> int:
        self.now_ns = now_ns = self.current_ns()
        return now_ns

    def _make_ready(self, thread: VirtualThread, *, first: bool = False) -> None:
        if first:
            self.ready.appendleft(thread)
        else:
            self.ready.append(thread)
        if len(self.ready) == 1:
            self._interrupt()

    def _interrupt(self) -> None:
        if self.on_interrupt is not None and self._horizon_ns == self._end_ns:  # run_until's caller looks anyway
            self.on_interrupt()

    # Timers: a heap of (time, number, thread), whose first entry is always live

    def _arm(self, thread: VirtualThread, time_ns: int) -> None:
        if time_ns < self.now_ns:
            time_ns = self.now_ns
        elif time_ns > FOREVER:
            time_ns = FOREVER
        self._armed = number = self._armed + 1
        thread.timer = number
        heappush(self._timers, (time_ns, number, thread))
        if time_ns < self.next_ns:
            self.next_ns = time_ns
            if self.on_interrupt is not None:
                self._interrupt()

    def _pop_due(self) -> VirtualThread:
        timers = self._timers
        time_ns, _, thread = heappop(timers)
        thread.timer = 0
        thread.is_waiting = False
        if time_ns > self.now_ns:
            self.now_ns = time_ns
        if timers:
            self._find_next()
        else:
            self.next_ns = NEVER
        return thread

    def _disarm(self, thread: VirtualThread) -> None:
        if not thread.timer:
            return
        thread.timer = 0
        timers = self._timers
        if timers and timers[0][2] is thread:
            self._find_next()
        elif len(timers) > 2 * len(self._threads) + 64:  # a thread has one live timer at most: half are cancelled
            timers[:] = [timer for timer in timers if timer[2].timer == timer[1]]
            heapify(timers)

    def _find_next(self) -> None:
        timers = self._timers
        while timers:
            time_ns, number, thread = timers[0]
            if thread.timer == number:
                self.next_ns = time_ns
                return
            heappop(timers)
        self.next_ns = NEVER
