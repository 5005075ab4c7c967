"""Bars of a market that was recorded as candles: made of the path through each, until it has ended and is known itself."""

from collections.abc import Callable

import numpy as np

from ticklink.model.bars import Bars
from ticklink.model.candles import candle_bin, level_ms
from ticklink.simulator.candles import Candle

Recorded = Callable[[int, int], list[Candle]]
"""(from ms, to ms): the recorded candles that start then."""


class RecordedBars(Bars):
    """Before the first trade after its end, a candle takes its recorded values: prices off the tick, parts of a lot."""

    def __init__(self, level: str, finest: str, recorded: Recorded, since_ms: int) -> None:
        super().__init__(level)
        self._finest, self._recorded = finest, recorded
        self._settled_ms, self._settle_at_ms = since_ms, since_ms
        self._sum: Candle | None = None
        self._volumes: list[float] = []
        """Of the candles in it: added up as the history does, so that both have the same float."""

    def add_trade(self, time_ms: int, price: float, size: float) -> None:
        if time_ms >= self._settle_at_ms:
            self.settle(time_ms)
        super().add_trade(time_ms, price, size)

    def settle(self, now_ms: int) -> None:
        """Put in the recorded candles that have ended by now."""
        ended_ms = candle_bin(now_ms, self._finest)
        if ended_ms > self._settled_ms:
            for candle in self._recorded(self._settled_ms, ended_ms):
                self._sum = self._with(candle)
                self.put(*self._sum)
            self._settled_ms = ended_ms
        self._settle_at_ms = ended_ms + level_ms(self._finest)

    def _with(self, candle: Candle) -> Candle:
        """One of this level, of those recorded of it so far."""
        so_far, time_ms = self._sum, candle_bin(candle[0], self.level)
        if so_far is None or so_far[0] != time_ms:
            self._volumes = [candle[5]]
            return (time_ms, *candle[1:])
        self._volumes.append(candle[5])
        volume = np.add.reduceat(self._volumes, [0]).item()
        return time_ms, so_far[1], max(so_far[2], candle[2]), min(so_far[3], candle[3]), candle[4], volume
