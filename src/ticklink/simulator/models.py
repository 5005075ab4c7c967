"""Named models of what a simulation has to assume: latency, fees, queue position, depth and funding.

Each says in one line what it assumes; every report prints those lines. The defaults are pessimistic, and the reasons for each
are in docs/decisions/.
"""

import random
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from ticklink.model.instruments import Instrument
from ticklink.model.money import Ratio, ratio

NS_PER_MS = 1_000_000
NS_PER_HOUR = 3_600_000_000_000

DEFAULT_LATENCY_NS = 20 * NS_PER_MS
DEFAULT_FUNDING_RATE = Decimal("0.0001")
"""BitMEX's usual interest component per eight hours: 0.01 %."""

FUNDING_OFFSET_NS = 4 * NS_PER_HOUR
"""BitMEX funds at 04:00, 12:00 and 20:00 UTC."""


class Latency(Protocol):
    """How long messages take. `feed_ns` is the delay of market data, which keeps its order and so is constant."""

    feed_ns: int

    def to_venue_ns(self) -> int: ...

    def from_venue_ns(self) -> int: ...

    def describe(self) -> str: ...


class ConstantLatency:
    """Every message takes the same time."""

    def __init__(self, to_venue_ns: int = DEFAULT_LATENCY_NS, from_venue_ns: int | None = None) -> None:
        self._to = to_venue_ns
        self._from = self.feed_ns = to_venue_ns if from_venue_ns is None else from_venue_ns

    def to_venue_ns(self) -> int:
        return self._to

    def from_venue_ns(self) -> int:
        return self._from

    def describe(self) -> str:
        return f"constant: {self._to / NS_PER_MS:g} ms to the venue, {self._from / NS_PER_MS:g} ms back and for market data"


class JitterLatency:
    """A floor and a random part on top, exponentially distributed; market data takes floor and mean together."""

    def __init__(self, floor_ns: int, mean_jitter_ns: int, seed: int) -> None:
        self._floor, self._mean, self._seed = floor_ns, mean_jitter_ns, seed
        self._random = random.Random(seed)
        self.feed_ns = floor_ns + mean_jitter_ns

    def to_venue_ns(self) -> int:
        return self._floor + int(self._random.expovariate(1.0) * self._mean)

    from_venue_ns = to_venue_ns

    def describe(self) -> str:
        floor, mean = self._floor / NS_PER_MS, self._mean / NS_PER_MS
        return f"jitter: {floor:g} ms each way and an exponential {mean:g} ms on average (seed {self._seed})"


class Fees(msgspec.Struct, frozen=True):
    """Fee rates: the instrument's own published ones, or the same for every instrument where given."""

    maker: Decimal | None = None
    taker: Decimal | None = None

    def rates(self, instrument: Instrument) -> tuple[Decimal, Decimal]:
        """(maker, taker) as shares of the value; negative is a rebate."""
        return (
            instrument.maker_fee if self.maker is None else self.maker,
            instrument.taker_fee if self.taker is None else self.taker,
        )

    def describe(self) -> str:
        if self.maker is None and self.taker is None:
            return "the venue's published rates without volume discounts"
        named = {"maker": self.maker, "taker": self.taker}
        return ", ".join(f"{name} {'published' if rate is None else rate}" for name, rate in named.items())


QueueName = Literal["back", "touch"]


class Queue(msgspec.Struct, frozen=True):
    """Where our resting order stands among others at its price, when only quotes and trades are recorded.

    back: behind everything displayed when it arrived (or when its price first became the best); only trades at its price use
    that up, cancellations ahead never help. It fills when trades there exceed what was ahead, or the market goes through.
    touch: in front of everybody: any trade at its price fills it. Optimistic, for comparison.
    """

    name: QueueName = "back"

    @property
    def is_front(self) -> bool:
        return self.name == "touch"

    def describe(self) -> str:
        if self.is_front:
            return "touch: a resting order fills with the first trade at its price (optimistic)"
        return (
            "back of the queue: a resting order fills when trades at its price exceed the size displayed ahead of it, "
            "or the market trades through; never for more than was traded"
        )


class Funding(msgspec.Struct, frozen=True):
    """Funding of perpetual contracts, at a fixed rate because rates are not in the archive.

    adverse: the position pays whatever its side, at each funding time of the venue. A bot that earns funding live does better.
    """

    rate: Decimal = DEFAULT_FUNDING_RATE

    def describe(self) -> str:
        if not self.rate:
            return "none"
        return f"adverse: every perpetual position pays {self.rate * 100:f} % of its value at each funding time"

    def against(self, lots: int) -> Ratio:
        """The signed rate at which a position of these lots pays (longs pay positive rates)."""
        return ratio(self.rate if lots > 0 else -self.rate)

    def next_ns(self, instrument: Instrument, after_ns: int) -> int | None:
        """The first funding time of a perpetual after a time; None for contracts without funding."""
        if instrument.funding_interval_h is None or not self.rate:
            return None
        interval = instrument.funding_interval_h * NS_PER_HOUR
        return ((after_ns - FUNDING_OFFSET_NS) // interval + 1) * interval + FUNDING_OFFSET_NS


MOST_BACK_OFF_NS = 10_000_000_000


class RateLimit(msgspec.Struct, frozen=True):
    """What a venue's request budget does to a bot.

    enforced: a call waits until the budget lets it through, and is answered with `rate_limits` where that takes over ten
    seconds. counted: every call goes through; those over the budget are counted.
    """

    is_enforced: bool = True

    def describe(self) -> str:
        if self.is_enforced:
            return "enforced: a call waits for the venue's request budget, ten seconds at most, and is refused beyond"
        return "counted: calls over the venue's request budget go through and are counted (optimistic)"


DEPTH = "only the best price is recorded: each tick behind it is assumed to hold the same size"
TIES = "trades come before quotes of the same time; timers before both"

DEFAULT_BALANCES = {"XBT": Decimal(1), "BTC": Decimal(1), "ETH": Decimal(10)}
DEFAULT_BALANCE = Decimal(10_000)


def default_balance(asset: str) -> Decimal:
    """What an account starts with where nothing else was said: 1 bitcoin, 10 ether, 10,000 of anything else."""
    return DEFAULT_BALANCES.get(asset, DEFAULT_BALANCE)
