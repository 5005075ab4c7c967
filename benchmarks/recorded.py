"""A recorded market to measure with: a random walk of quotes and trades over a day, made in a second."""

from pathlib import Path

import numpy as np

from ticklink.storage import archive
from ticklink.storage.columns import Quotes, Trades

START_NS = 1_767_225_600 * 10**9
DAY_NS = 86_400 * 10**9
TICKS_PER_UNIT = 10
FIRST_TICKS = 640_000


def make_days(root: Path, *, days: int, quotes_a_day: int, trades_a_day: int) -> None:
    """Day by day, so that no more than one is ever held."""
    for day in range(days):
        make(root, quotes=quotes_a_day, trades=trades_a_day, seed=day + 1, first_day=day)


def make(root: Path, *, quotes: int, trades: int, days: int = 1, seed: int = 1, first_day: int = 0) -> None:
    """XBTUSD with a spread of one to three ticks; trades at the touch, from either side."""
    random = np.random.default_rng(seed)
    moves = random.choice([-1, 0, 0, 0, 1], quotes)
    bid = FIRST_TICKS + np.cumsum(moves)
    spread = random.choice([1, 1, 1, 2, 3], quotes)
    time = START_NS + first_day * DAY_NS + (np.arange(quotes) * (days * DAY_NS / quotes)).astype(np.int64)
    sizes = random.integers(1, 500, (2, quotes)) * 100.0
    archive.write_quotes(
        root,
        "bitmex",
        "XBTUSD",
        Quotes(time, bid / TICKS_PER_UNIT, sizes[0], (bid + spread) / TICKS_PER_UNIT, sizes[1]),
    )
    rows = np.sort(random.choice(quotes, trades, replace=False))
    side = random.choice([-1, 1], trades)
    price = np.where(side > 0, (bid + spread)[rows], bid[rows]) / TICKS_PER_UNIT
    size = (random.integers(1, 100, trades) * 100).astype(np.float64)
    archive.write_trades(root, "bitmex", "XBTUSD", Trades(time[rows] + 1_000_000, price, size, side.astype(np.int8)))
