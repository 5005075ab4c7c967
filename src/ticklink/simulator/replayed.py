"""ReplayedMarket: a recorded market that our orders meet. What was recorded never changes; our orders only wait in it.

Nothing here runs per event. When an order comes to rest, the recording is searched ahead of time for the event that fills it,
and that becomes the order's due time. An order that finds no fill within its first look is looked at again later, each time
twice as far ahead.
"""

import heapq
from collections.abc import Callable

import numpy as np

from ticklink.model.instruments import Instrument
from ticklink.simulator.markets import NEVER, Hit
from ticklink.simulator.models import Queue
from ticklink.simulator.orders import BUY, UNKNOWN, Order
from ticklink.simulator.recording import Recording
from ticklink.simulator.watches import Watch

FIRST_LOOK, LONGEST_LOOK = 128, 16_384
"""How many quotes ahead to look for a fill, at first and at most."""

DEPTH_LEVELS = 100
"""How many ticks behind the best price the assumed depth reaches; a taker that wants more finds no liquidity."""

AFTER_ORDERS = 1 << 62


class ReplayedMarket:
    """See markets.Market. `more` loads the next part of the recording and returns up to when it now reaches."""

    def __init__(self, instrument: Instrument, queue: Queue, more: Callable[[], int]) -> None:
        self.instrument = instrument
        self.recording = Recording(instrument)
        self.now_ns = 0
        self._queue, self._more = queue, more
        self._heap: list[tuple[int, int, int, int, Order | Watch]] = []
        self._taken_quote, self._taken = -1, {1: 0, -1: 0}
        self._spent_event, self._spent = (0, -1), 0

    # What happens next

    def next_due_ns(self) -> int:
        heap = self._heap
        while heap and heap[0][3] != heap[0][4].version:
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER

    def advance(self, until_ns: int) -> Hit | None:
        heap = self._heap
        while heap and heap[0][0] <= until_ns:
            due_ns, _, _, version, item = heapq.heappop(heap)
            if version != item.version:
                continue
            if not item.due_lots:
                self._look(item)
                continue
            lots = item.due_lots if isinstance(item, Watch) else self._fillable(item)
            self.now_ns = max(self.now_ns, due_ns)
            item.due_lots = 0
            if lots:
                return Hit(due_ns, lots, item)
            self._look(item)
        self.now_ns = max(self.now_ns, until_ns)
        return None

    def move_to(self, now_ns: int) -> None:
        self.now_ns = max(self.now_ns, now_ns)

    # What a taker meets

    def best(self) -> tuple[int | None, int | None]:
        row = self._quote_row()
        if row < 0:
            return None, None
        nearest = self.instrument.nearest_ticks
        return nearest(self.recording.bid[row].item()), nearest(self.recording.ask[row].item())

    def last_ticks(self) -> int | None:
        self._reach()
        row = self.recording.trade_at(self.now_ns)
        return None if row < 0 else self.instrument.nearest_ticks(self.recording.price[row].item())

    def available(self, side: int, limit_ticks: int | None, at_most: int) -> int:
        return sum(lots for _, lots in self._levels(side, limit_ticks, at_most))

    def take(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        taken = self._levels(side, limit_ticks, lots)
        self._taken[side] += sum(lots for _, lots in taken)
        return taken

    def _levels(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        """The assumed depth: every tick from the best price on holds what is displayed there, less what we took already."""
        row = self._quote_row()
        if row < 0:
            return []
        recording, instrument = self.recording, self.instrument
        price, size = (recording.ask, recording.ask_size) if side == BUY else (recording.bid, recording.bid_size)
        ticks, shown = instrument.nearest_ticks(price[row].item()), max(1, instrument.nearest_lots(size[row].item()))
        number = recording.quote_base + row
        if number != self._taken_quote:
            self._taken_quote, self._taken = number, {1: 0, -1: 0}
        level, used = divmod(self._taken[side], shown)
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
        row = self._quote_row()
        recording = self.recording
        order.seen_quote = recording.quote_base + row + 1
        order.seen_trade = recording.trade_base + recording.trade_at(self.now_ns) + 1
        order.ahead = self._ahead_on_arrival(order, row)
        order.scan_step = FIRST_LOOK
        self._look(order)

    def keep(self, order: Order) -> None:
        self._look(order)

    def shrink(self, order: Order, lots: int) -> None:
        """Nothing to do: what a due fill has for the order is cut to what it still wants."""

    def remove(self, order: Order) -> None:
        order.version += 1

    def watch(self, watch: Watch) -> None:
        row = self._quote_row()
        recording = self.recording
        watch.seen_quote = recording.quote_base + row + 1
        watch.seen_trade = recording.trade_base + recording.trade_at(self.now_ns) + 1
        watch.scan_step = FIRST_LOOK
        self._look(watch)

    def unwatch(self, watch: Watch) -> None:
        watch.version += 1

    def _ahead_on_arrival(self, order: Order, row: int) -> int:
        """Everything displayed at the order's price is ahead of it; nothing, if it betters the quote."""
        if self._queue.is_front:
            return 0
        if row < 0:
            return UNKNOWN
        recording, side = self.recording, order.side
        own, size = (recording.bid, recording.bid_size) if side == BUY else (recording.ask, recording.ask_size)
        assert order.ticks is not None
        distance = side * (order.ticks - self.instrument.nearest_ticks(own[row].item()))
        if distance > 0:
            return 0
        return self.instrument.nearest_lots(size[row].item()) if distance == 0 else UNKNOWN

    # Looking ahead

    def _look(self, item: Order | Watch) -> None:
        """Search the recording from where the item was last looked at, and enter the item's due time."""
        if isinstance(item, Watch):
            self._look_for_price(item)
            rank = AFTER_ORDERS
        else:
            self._look_for_fill(item)
            assert item.ticks is not None
            rank = -item.side * item.ticks
        item.version += 1
        if item.due_ns < NEVER:
            heapq.heappush(self._heap, (item.due_ns, rank, item.number, item.version, item))

    def _span(self, item: Order | Watch) -> tuple[int, int, int, int, int]:
        """The rows to look at now, and the time up to which they reach: (quotes from, to, trades from, to, end)."""
        recording = self.recording
        if item.seen_quote >= recording.quote_base + len(recording.quote_ns):
            self._more()
        first = item.seen_quote - recording.quote_base
        stop = min(len(recording.quote_ns), first + item.scan_step)
        item.scan_step = min(2 * item.scan_step, LONGEST_LOOK)
        is_whole = stop == len(recording.quote_ns)
        end_ns = recording.loaded_ns if is_whole else recording.quote_ns[stop - 1].item()
        trade_stop = int(recording.trade_ns.searchsorted(end_ns, "right"))
        return first, stop, item.seen_trade - recording.trade_base, trade_stop, end_ns

    def _seen(self, item: Order | Watch, quote_row: int, trade_row: int) -> None:
        item.seen_quote = self.recording.quote_base + quote_row
        item.seen_trade = self.recording.trade_base + trade_row

    def _look_for_price(self, watch: Watch) -> None:
        first, stop, trade, trade_stop, end_ns = self._span(watch)
        recording = self.recording
        if watch.is_mark:
            start, end, times = first, stop, recording.quote_ns
            values = recording.marks(watch.side)
        else:
            start, end, times = trade, trade_stop, recording.trade_ns
            values = recording.view(-watch.side).traded
        row = values.first_at_most(-watch.side * watch.level, start, end)
        if row < end:
            watch.due_ns, watch.due_lots = times[row].item(), 1
        else:
            watch.due_ns, watch.due_lots = end_ns, 0
            self._seen(watch, stop, trade_stop)

    def _look_for_fill(self, order: Order) -> None:
        """The market goes through at a quote, or trades reach us before it: whichever comes first."""
        first, stop, trade, trade_stop, end_ns = self._span(order)
        recording, view = self.recording, self.recording.view(order.side)
        assert order.ticks is not None
        bound = order.side * order.ticks
        through = view.against.first_at_most(bound - 1, first, stop)
        through_ns = recording.quote_ns[through].item() if through < stop else end_ns
        last_trade = trade_stop if through == stop else int(recording.trade_ns.searchsorted(through_ns, "right"))
        if self._look_in_trades(order, bound, first, through, trade, last_trade):
            return
        if through < stop:
            sizes = recording.ask_size if order.side == BUY else recording.bid_size
            order.due_ns, order.due_lots = through_ns, max(1, self.instrument.nearest_lots(sizes[through].item()))
            order.due_event, order.ahead = (0, recording.quote_base + through), 0
            self._seen(order, through + 1, last_trade)
        else:
            order.due_ns, order.due_lots = end_ns, 0
            self._seen(order, stop, trade_stop)

    def _look_in_trades(self, order: Order, bound: int, first: int, stop: int, trade: int, trade_stop: int) -> bool:
        """Let trades use up the queue ahead; True when one of them fills the order."""
        recording, view = self.recording, self.recording.view(order.side)
        front_ns = -1
        if order.ahead == UNKNOWN:
            front = view.own.first_at_most(bound, first, stop)
            front_ns = recording.quote_ns[front].item() if front < stop else NEVER
        start = view.traded.first_at_most(bound, trade, trade_stop)
        rows = start + np.flatnonzero(view.traded.values[start:trade_stop] <= bound)
        prices, takers = view.traded.values[rows].tolist(), recording.taker[rows].tolist()
        for row, price, taker, size in zip(rows.tolist(), prices, takers, recording.size[rows].tolist(), strict=True):
            lots = max(1, self.instrument.nearest_lots(size))
            if order.ahead == UNKNOWN and recording.trade_ns[row] > front_ns:
                order.ahead = self._ahead_at(order, bound, front)
            if price < bound:
                order.ahead = 0
            elif order.ahead == UNKNOWN or taker == order.side:
                continue
            elif lots <= order.ahead:
                order.ahead -= lots
                continue
            order.due_ns, order.due_lots, order.ahead = recording.trade_ns[row].item(), lots - order.ahead, 0
            order.due_event = (1, recording.trade_base + row)
            self._seen(order, first, row + 1)
            return True
        if order.ahead == UNKNOWN and front_ns < NEVER:
            order.ahead = self._ahead_at(order, bound, front)
        return False

    def _ahead_at(self, order: Order, bound: int, row: int) -> int:
        """What is displayed at the order's price when that first is the best: nothing, if the market is beyond it already."""
        view = self.recording.view(order.side)
        return self.instrument.nearest_lots(view.own_size[row].item()) if view.own.values[row] == bound else 0

    def _fillable(self, order: Order) -> int:
        """Lots the due event still has for this order: what better or earlier orders of ours took of it is gone."""
        if order.due_event != self._spent_event:
            self._spent_event, self._spent = order.due_event, 0
        lots = min(order.remaining, order.due_lots - self._spent)
        self._spent += max(0, lots)
        return max(0, lots)

    # The present

    def _quote_row(self) -> int:
        self._reach()
        return self.recording.quote_at(self.now_ns)

    def _reach(self) -> None:
        """Have the recording loaded up to now."""
        while self.recording.loaded_ns < self.now_ns:
            self._more()
