"""ReplayedMarket: a recorded market that our orders meet. What was recorded never changes; our orders only wait in it.

Nothing here runs per event. When an order comes to rest, the recording is searched ahead of time for the event that fills it,
and that becomes the order's due time. An order that finds no fill within its first look is looked at again later, each time
twice as far ahead. What is assumed of queues and depth, and why, is in docs/simulator-assumptions.md.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from ticklink.model.instruments import Instrument
from ticklink.simulator.markets import NEVER, Hit
from ticklink.simulator.models import Queue
from ticklink.simulator.orders import BUY, SELL, Order
from ticklink.simulator.recording import BLOCK, Displayed, Recording, SideView, Steps, first_after
from ticklink.simulator.watches import Watch

FIRST_LOOK, LONGEST_LOOK = 128, 16_384
"""How many quotes ahead to look for a fill, at first and at most."""

DEPTH_LEVELS = 100
"""How many ticks behind the best price the assumed depth reaches; a taker that wants more finds no liquidity."""

UNKNOWN = -1
"""How much is ahead in the queue is not known yet: the market has not been at the order's price."""

QUOTES = 1 << 62
"""Events of one time are numbered in their order: a trade by its row, a quote by its row after all trades."""

BEFORE_ORDERS, AFTER_ORDERS = -QUOTES, QUOTES


class Waiting:
    """An order or a watch, as it waits in a recording for `bound` or less on its side of it."""

    __slots__ = (
        "ahead",
        "bound",
        "event",
        "is_over",
        "item",
        "lots",
        "number",
        "rank",
        "seen_quote",
        "seen_trade",
        "side",
        "step",
    )

    def __init__(self, item: Order | Watch, side: int, ticks: int, rank: int) -> None:
        self.item, self.side, self.bound, self.rank = item, side, side * ticks, rank
        self.number = self.seen_quote = self.seen_trade = self.step = self.ahead = self.event = self.lots = 0
        self.is_over = False


class Used:
    """What our orders took of one event so far, by their side: `lots` is that of the event last asked for."""

    __slots__ = ("_event", "lots")

    def __init__(self) -> None:
        self._event, self.lots = -1, {BUY: 0, SELL: 0}

    def of(self, event: int) -> dict[int, int]:
        if event != self._event:
            self._event, self.lots = event, {BUY: 0, SELL: 0}
        return self.lots


class ReplayedMarket:
    """See markets.Market. `more` loads the next part of the recording and returns up to when it now reaches."""

    def __init__(
        self,
        instrument: Instrument,
        queue: Queue,
        more: Callable[[], int],
        *,
        first_look: int = FIRST_LOOK,
        block: int = BLOCK,
    ) -> None:
        self.instrument = instrument
        self.recording = Recording(instrument, block=block, needed_ns=self._needed_ns)
        self.now_ns = 0
        self._looking_ns = NEVER
        self._queue, self._more, self._first_look = queue, more, first_look
        self._heap: list[tuple[int, int, int, int, Waiting]] = []
        """(time, event, rank, number, who), one for each that waits; of equals, the better and then the older comes first."""
        self._numbers = 0
        self._taken, self._traded = Used(), Used()

    # What happens next

    def next_due_ns(self) -> int:
        heap = self._heap
        while heap and heap[0][4].is_over:
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER

    def advance(self, until_ns: int) -> Hit | None:
        heap = self._heap
        while heap and heap[0][0] <= until_ns:
            due_ns, _, _, _, waiting = heapq.heappop(heap)
            if waiting.is_over:
                continue
            if waiting.lots:
                self.move_to(due_ns)
                if lots := self._granted(waiting):
                    return Hit(due_ns, lots, waiting.item)
            self._look(waiting, due_ns)
        self.move_to(until_ns)
        return None

    def move_to(self, now_ns: int) -> None:
        if now_ns > self.now_ns:
            self.now_ns = now_ns

    def _granted(self, waiting: Waiting) -> int:
        """Lots the due event still has for this order: what better or earlier orders of ours took of it is gone."""
        order = waiting.item
        if isinstance(order, Watch):
            return waiting.lots
        used = self._taken.of(waiting.event) if waiting.event >= QUOTES else self._traded.of(waiting.event)
        left, wanted = waiting.lots - used[waiting.side], order.lots - order.filled
        lots = wanted if wanted < left else left
        if lots <= 0:
            return 0
        used[waiting.side] += lots
        return lots

    # What a taker meets

    def best(self) -> tuple[int | None, int | None]:
        recording = self.recording
        quote = recording.quote if self.now_ns < recording.quote_until_ns else self._quote()
        return (None, None) if quote is None else (quote.bid, quote.ask)

    def last_ticks(self) -> int | None:
        return self._last_trade().last_ticks()

    def available(self, side: int, limit_ticks: int | None, at_most: int) -> int:
        return sum(lots for _, lots in self._levels(side, limit_ticks, at_most))

    def take(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        levels = self._levels(side, limit_ticks, lots)
        for _, got in levels:
            self._taken.lots[side] += got
        return levels

    def _levels(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        """The assumed depth: every tick from the best price on holds what is displayed there, less what we took already."""
        quote = self._quote()
        if quote is None:
            return []
        ticks, shown = (quote.ask, quote.ask_lots) if side == BUY else (quote.bid, quote.bid_lots)
        if not shown:
            return []
        level, used = divmod(self._taken.of(QUOTES + quote.number)[side], shown)
        levels = []
        while lots > 0 and level < DEPTH_LEVELS:
            at = ticks + side * level
            if at <= 0 or (limit_ticks is not None and side * at > side * limit_ticks):
                break
            got = min(lots, shown - used)
            levels.append((at, got))
            lots, level, used = lots - got, level + 1, 0
        return levels

    # Waiting

    def rest(self, order: Order) -> None:
        assert order.ticks is not None
        waiting = Waiting(order, order.side, order.ticks, -order.side * order.ticks)
        order.place = waiting
        self._arrive(waiting)
        waiting.ahead = self._ahead_on_arrival(waiting)
        self._look(waiting, self.now_ns)

    def keep(self, order: Order) -> None:
        waiting = order.place
        assert isinstance(waiting, Waiting)
        waiting.step = self._first_look
        self._look(waiting, self.now_ns)

    def shrink(self, order: Order, lots: int) -> None:
        """Nothing to do: what a due event has for the order is cut to what it still wants."""

    def remove(self, order: Order) -> None:
        self._forget(order)

    def watch(self, watch: Watch) -> None:
        # the side that looks for a fall is that of a bid: a watch for a rise looks with the asks
        waiting = watch.place = Waiting(watch, -watch.side, watch.level, AFTER_ORDERS)
        self._arrive(waiting)
        self._look(waiting, self.now_ns)

    def unwatch(self, watch: Watch) -> None:
        self._forget(watch)

    def _forget(self, item: Order | Watch) -> None:
        waiting, item.place = item.place, None
        if isinstance(waiting, Waiting):
            waiting.is_over = True

    def _arrive(self, waiting: Waiting) -> None:
        """Everything up to now has happened before; whoever comes later stands behind."""
        self._quote()
        recording = self._last_trade()
        self._numbers += 1
        waiting.number, waiting.step = self._numbers, self._first_look
        waiting.seen_quote, waiting.seen_trade = recording.next_quote, recording.next_trade

    def _ahead_on_arrival(self, waiting: Waiting) -> int:
        """Everything displayed at the order's price is ahead of it; nothing, if it betters the quote."""
        quote = self.recording.quote
        if self._queue.is_front:
            return 0
        if quote is None:
            return UNKNOWN
        own = quote.bid if waiting.side == BUY else -quote.ask
        if own != waiting.bound:
            return 0 if own < waiting.bound else UNKNOWN
        return self._queue_at(quote, waiting.side)

    def _queue_at(self, quote: Displayed, side: int) -> int:
        recording = self.recording
        lots: int = recording.steps().side(side).own_queue[quote.number - recording.quote_base]
        return lots

    # Looking ahead

    def _look(self, waiting: Waiting, from_ns: int) -> None:
        """Search on from where this was last looked at, and enter when it is due: for a fill, or for the next look."""
        recording = self.recording
        if waiting.seen_quote >= recording.quote_end:
            self._looking_ns = from_ns
            self._more()
            self._looking_ns = NEVER
        steps = recording.steps()
        first, trade = waiting.seen_quote - recording.quote_base, waiting.seen_trade - recording.trade_base
        stop = first + waiting.step
        waiting.step = min(2 * waiting.step, LONGEST_LOOK)
        if stop < len(steps.quote_ns):
            end_ns = steps.quote_ns[stop - 1]
            trade_stop = first_after(steps.trade_ns, end_ns, trade)
        else:
            stop, end_ns, trade_stop = len(steps.quote_ns), recording.loaded_ns, len(steps.trade_ns)
        search = self._find_price if isinstance(waiting.item, Watch) else self._find_fill
        if not search(waiting, steps, first, stop, trade, trade_stop):
            self._due(waiting, end_ns, QUOTES + recording.quote_base + stop, 0, stop, trade_stop)

    def _due(self, waiting: Waiting, due_ns: int, event: int, lots: int, seen_quote: int, seen_trade: int) -> None:
        """`lots` is 0 where nothing has been found up to then; what has been seen are rows in the window."""
        recording = self.recording
        waiting.event, waiting.lots = event, lots
        waiting.seen_quote, waiting.seen_trade = recording.quote_base + seen_quote, recording.trade_base + seen_trade
        if due_ns < NEVER:
            rank = waiting.rank if lots else BEFORE_ORDERS
            heapq.heappush(self._heap, (due_ns, event, rank, waiting.number, waiting))

    def _find_price(self, waiting: Waiting, steps: Steps, first: int, stop: int, trade: int, trade_stop: int) -> bool:
        recording, watch = self.recording, waiting.item
        if isinstance(watch, Watch) and watch.is_mark:
            row = steps.marks(waiting.side).first_at_most(waiting.bound, first, stop)
            if is_found := row < stop:
                self._due(waiting, steps.quote_ns[row], QUOTES + recording.quote_base + row, 1, row + 1, trade)
        else:
            row = steps.side(waiting.side).traded.first_at_most(waiting.bound, trade, trade_stop)
            if is_found := row < trade_stop:
                self._due(waiting, steps.trade_ns[row], recording.trade_base + row, 1, first, row + 1)
        return is_found

    def _find_fill(self, waiting: Waiting, steps: Steps, first: int, stop: int, trade: int, trade_stop: int) -> bool:
        """The market goes through at a quote, or trades reach us before it: whichever comes first."""
        view = steps.side(waiting.side)
        through = view.against.first_at_most(waiting.bound - 1, first, stop)
        is_through = through < stop
        if is_through:
            trade_stop = bisect_right(steps.trade_ns, steps.quote_ns[through], trade, trade_stop)
        if self._find_trade(waiting, steps, view, first, through, trade, trade_stop):
            return True
        if is_through:
            waiting.ahead = 0
            event = QUOTES + self.recording.quote_base + through
            self._due(waiting, steps.quote_ns[through], event, view.against_lots[through], through + 1, trade_stop)
        return is_through

    def _find_trade(
        self, waiting: Waiting, steps: Steps, view: SideView, first: int, stop: int, trade: int, trade_stop: int
    ) -> bool:
        """Let trades use up the queue ahead; True when one of them fills the order."""
        side, bound, ahead = waiting.side, waiting.bound, waiting.ahead
        front, front_ns = stop, NEVER
        if ahead == UNKNOWN:
            front = view.own.first_at_most(bound, first, stop)
            front_ns = steps.quote_ns[front] if front < stop else NEVER
        for row in view.traded.rows_at_most(bound, trade, trade_stop):
            if ahead == UNKNOWN and steps.trade_ns[row] > front_ns:
                ahead = ahead_at(view, bound, front)
            if view.traded.view[row] < bound:
                ahead = 0
            elif ahead == UNKNOWN or steps.taker[row] == side:
                continue
            beyond = steps.traded_lots[row] - ahead
            ahead = 0 if beyond > 0 else -beyond
            if beyond > 0:
                time_ns = steps.trade_ns[row]
                seen = bisect_left(steps.quote_ns, time_ns, first, stop)
                waiting.ahead = ahead
                self._due(waiting, time_ns, self.recording.trade_base + row, beyond, seen, row + 1)
                return True
        waiting.ahead = ahead_at(view, bound, front) if ahead == UNKNOWN and front_ns < NEVER else ahead
        return False

    def _needed_ns(self) -> int:
        """From when on the recording is still to be looked at by who waits in it."""
        return min(self._looking_ns, self.next_due_ns())

    # The present

    def _quote(self) -> Displayed | None:
        recording = self.recording
        if self.now_ns >= recording.quote_until_ns:
            if self.now_ns > recording.loaded_ns:
                self._reach()
            recording.find_quote(self.now_ns)
        return recording.quote

    def _last_trade(self) -> Recording:
        """The recording, its last trade looked up."""
        recording = self.recording
        if self.now_ns >= recording.trade_until_ns:
            if self.now_ns > recording.loaded_ns:
                self._reach()
            recording.find_trade(self.now_ns)
        return recording

    def _reach(self) -> None:
        """Have the recording loaded up to now."""
        while self.recording.loaded_ns < self.now_ns:
            self._more()


def ahead_at(view: SideView, bound: int, row: int) -> int:
    """What is displayed at the order's price when that first is the best: nothing, if the market is beyond it already."""
    lots: int = view.own_queue[row] if view.own.view[row] == bound else 0
    return lots
