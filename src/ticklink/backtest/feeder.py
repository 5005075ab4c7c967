"""Feeder: loads the tape part by part and gives each part to everybody who needs it, whoever asks first."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from ticklink.backtest.tape import NEVER, Part, Tape
from ticklink.backtest.virtual_time import REAL
from ticklink.simulator.candles import CandleHistory
from ticklink.simulator.recording import Recording
from ticklink.storage.columns import Quotes, Trades


class Taker(Protocol):
    """Who sees every part as it is loaded."""

    def add(self, market: int, quotes: Quotes | None, trades: Trades | None) -> None: ...


class Feeder:
    """`load` hands parts to the replay; `more` is called by a market that looks further ahead than what is loaded."""

    def __init__(self, tape: Tape, seen_ns: Callable[[], int]) -> None:
        self._tape, self._seen_ns = tape, seen_ns
        self._parts: deque[Part] = deque()
        self._recordings: list[tuple[int, Recording]] = []
        self._takers: list[Taker] = []
        self._loaded_ns = -1
        self.seconds = 0.0
        """Real time spent reading and merging."""

    def feed(self, market: int, recording: Recording) -> None:
        """Keep a market's recording loaded."""
        self._recordings.append((market, recording))

    def tell(self, taker: Taker) -> None:
        self._takers.append(taker)

    def load(self) -> Part | None:
        """The next part for the replay."""
        if not self._parts and self._loaded_ns < NEVER:
            self.more()
        return self._parts.popleft() if self._parts else None

    def more(self) -> int:
        """Load one part; returns up to when everything is loaded now."""
        began = REAL.perf_counter()
        self._load_part()
        self.seconds += REAL.perf_counter() - began
        return self._loaded_ns

    def _load_part(self) -> None:
        part = self._tape.load() if self._loaded_ns < NEVER else None
        streams = part.streams if part is not None else None
        self._loaded_ns = part.loaded_ns if part is not None else NEVER
        keep_ns = self._seen_ns()
        for market, recording in self._recordings:
            quotes, trades = (None, None) if streams is None else streams[2 * market : 2 * market + 2]
            recording.append(quotes, trades, self._loaded_ns, keep_ns)
        if part is not None:
            self._parts.append(part)
            for market in range(len(part.streams) // 2):
                quotes, trades = part.streams[2 * market : 2 * market + 2]
                for taker in self._takers:
                    taker.add(market, quotes, trades)  # type: ignore[arg-type]


class CandleTaker:
    """Keeps the candle histories of all venues."""

    def __init__(self, histories: list[tuple[CandleHistory, str]]) -> None:
        self._histories = histories
        """By market."""

    def add(self, market: int, quotes: Quotes | None, trades: Trades | None) -> None:
        if trades is not None:
            history, sym = self._histories[market]
            history.add(sym, trades)
