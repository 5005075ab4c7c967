"""What drives the synthetic market: its parameters, and the random processes that they shape.

Everything is drawn from one stream of uniform numbers, so that a seed fixes the whole run. docs/synthetic-market.md says
what each process imitates, and where the literature describes it.
"""

import math
from collections.abc import Callable, Iterator

import msgspec
import numpy as np

YEAR_S = 365 * 86_400
UNIFORM_DEVIATION = math.sqrt(12)
"""Times (uniform - 1/2): a step of mean 0 and deviation 1."""
BLOCK = 4096
LEAST_TICKS = 2.0
"""The fair value never falls below this, so that there is room for a bid."""

Uniform = Callable[[], float]
"""The next number of the run's one random stream, in [0, 1)."""


class FlowModel(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of the order flow. Distances are in basis points of the price, so that one default fits any tick."""

    annual_volatility: float = 0.5
    """Deviation of the fair value's yearly log return, at the average level of activity."""
    fast_volatility: float = 0.4
    """Deviation of the fast part of log volatility: minutes that are livelier than their neighbours."""
    fast_volatility_s: float = 90.0
    """How long, in seconds, the fast part remembers."""
    slow_volatility: float = 0.3
    """Deviation of the slow part of log volatility: calm and nervous hours."""
    slow_volatility_s: float = 2400.0
    """How long, in seconds, the slow part remembers."""
    jumps_per_hour: float = 8.0
    """News: the fair value jumps at once."""
    jump_bp: float = 4.0
    """Mean absolute size of a jump."""
    impact_per_s: float = 0.15
    """Share of the gap between mid price and fair value that the fair value gives in to per second: permanent impact."""
    outsider_impact: float = 0.5
    """Share of the distance by which an outside taker pushes a best price away that the fair value follows at once."""

    takers_per_s: float = 2.0
    """Mean rate of market orders at average volatility."""
    fast_excitation: float = 0.4
    """Market orders that one market order sets off at once (the branching ratio of the fast kernel)."""
    fast_excitation_s: float = 0.15
    """Decay time of the fast kernel, in seconds."""
    slow_excitation: float = 0.3
    """Market orders that one market order sets off over the next while. With the fast ones it must stay below 1."""
    slow_excitation_s: float = 15.0
    """Decay time of the slow kernel, in seconds."""
    parents: int = 3
    """Large orders being worked at any time; each market order is a slice of one of them."""
    parent_tail: float = 1.5
    """Tail exponent of the number of slices of a large order; trade signs then decay with exponent `parent_tail - 1`."""
    parent_slices: float = 4.0
    """Scale of the number of slices of a large order: the median is about half of it, the mean twice."""
    parent_reach: int = 500
    """The most slices of one large order."""
    modest_share: float = 0.75
    """Share of takers who take no more than the best price offers."""
    sweep_bp: float = 2.5
    """How far beyond the best price the others go."""
    snipes_per_s: float = 0.8
    """Rate at which takers take quotes that the fair value has left behind, per tolerance of gap."""

    tolerance_bp: float = 0.2
    """How far a quote may lie on the wrong side of the fair value before it counts as left behind."""
    fades_per_s: float = 4.0
    """Rate at which makers withdraw such quotes, per tolerance of gap."""
    fade_share: float = 0.75
    """Share of the orders left behind that one withdrawal takes away."""
    closes_per_s: float = 20.0
    """Rate at which makers step into a spread that is wider than one tick."""
    close_share: float = 0.5
    """Share of those who close it to one tick; the others quote at the fair value less an edge."""
    joins_per_s: float = 4.5
    """Rate of orders joining the best price, both sides together."""
    deep_per_s: float = 8.0
    """Rate of orders placed behind the best price, both sides together."""
    depth_bp: float = 0.6
    """Typical distance of those from the best price."""
    depth_tail: float = 1.0
    """Tail exponent of that distance."""
    depth_reach_bp: float = 60.0
    """No order is placed or kept further away than this."""
    lifetime_s: float = 35.0
    """Mean lifetime of an order at the touch; orders further off live up to `patience` times as long."""
    patience: float = 4.0
    orders: int = 400
    """Orders in the book at the start, both sides together."""

    maker_notional: float = 4000.0
    """Median value of a maker's order, in the quote currency."""
    taker_notional: float = 2500.0
    """Median value of a market order before it looks at the book, in the quote currency."""
    size_tail: float = 1.4
    """Tail exponent of order sizes."""
    size_reach: float = 200.0
    """The largest order, in medians."""
    round_share: float = 0.6
    """Share of orders for a round number of lots: 1, 2 or 5 times a power of ten."""


def uniform_stream(seed: int) -> Uniform:
    """The uniform numbers of a seed, drawn in blocks."""
    generator = np.random.Generator(np.random.PCG64(seed))

    def numbers() -> Iterator[float]:
        while True:
            yield from generator.random(BLOCK).tolist()

    return numbers().__next__


def exponential(uniform: Uniform) -> float:
    """A waiting time of mean 1."""
    return -math.log(1.0 - uniform())


def two_normals(uniform: Uniform) -> tuple[float, float]:
    """Two independent standard normal numbers (Box and Muller)."""
    radius, angle = math.sqrt(2.0 * exponential(uniform)), 2.0 * math.pi * uniform()
    return radius * math.cos(angle), radius * math.sin(angle)


def heavy_tailed(uniform: Uniform, tail: float) -> float:
    """A Lomax (shifted Pareto) number of scale 1: most are small, and large ones are not rare."""
    return float((1.0 - uniform()) ** (-1.0 / tail)) - 1.0


class FairValue:
    """What the price should be, in ticks: a random walk with its own weather, jumps, and some respect for the market.

    Volatility is the exponential of a slow and a fast mean-reverting process; see "Fair value" in docs/synthetic-market.md.
    """

    def __init__(self, model: FlowModel, ticks: float, uniform: Uniform) -> None:
        self.ticks = ticks
        self.activity = 1.0
        self._model = model
        self._uniform = uniform
        self._deviation = model.annual_volatility / math.sqrt(YEAR_S) * ticks
        self._jump = model.jump_bp * 1e-4 * ticks
        first, second = two_normals(uniform)
        self._fast, self._slow = first * model.fast_volatility, second * model.slow_volatility
        self._weather_age_s = 0.0
        self._set_activity()

    def move(self, seconds: float, mid: float) -> None:
        """Let time pass, in which the market stood at `mid` ticks."""
        step = self.activity * self._deviation * math.sqrt(seconds) * UNIFORM_DEVIATION * (self._uniform() - 0.5)
        concession = (mid - self.ticks) * min(1.0, self._model.impact_per_s * seconds)
        self.shift(step + concession)
        self._weather_age_s += seconds
        if self._weather_age_s >= 1.0:
            self._change_weather()

    def shift(self, ticks: float) -> None:
        self.ticks = max(LEAST_TICKS, self.ticks + ticks)

    def jump(self) -> None:
        """News."""
        direction = 1.0 if self._uniform() < 0.5 else -1.0
        self.shift(direction * self._jump * self.activity * exponential(self._uniform))

    def _change_weather(self) -> None:
        first, second = two_normals(self._uniform)
        model, age = self._model, self._weather_age_s
        self._fast = reverted(self._fast, model.fast_volatility, age / model.fast_volatility_s, first)
        self._slow = reverted(self._slow, model.slow_volatility, age / model.slow_volatility_s, second)
        self._weather_age_s = 0.0
        self._set_activity()

    def _set_activity(self) -> None:
        variance = self._model.fast_volatility**2 + self._model.slow_volatility**2
        self.activity = math.exp(self._fast + self._slow - variance)


def reverted(value: float, deviation: float, times: float, noise: float) -> float:
    """A mean-reverting (Ornstein-Uhlenbeck) value after some of its own memory times."""
    kept = math.exp(-times)
    return value * kept + deviation * math.sqrt(1.0 - kept * kept) * noise


class Excitement:
    """The rate of market orders, per second: a base, and what recent ones set off (a Hawkes process with two kernels)."""

    def __init__(self, model: FlowModel) -> None:
        self._model = model
        self._base = model.takers_per_s * (1.0 - model.fast_excitation - model.slow_excitation)
        self._fast = self._slow = 0.0
        if self._base <= 0.0:
            raise ValueError(
                "fast_excitation and slow_excitation add up to 1 or more: every order would set off another"
            )

    def rate(self, activity: float) -> float:
        return self._base * activity + self._fast + self._slow

    def decay(self, seconds: float) -> None:
        self._fast *= math.exp(-seconds / self._model.fast_excitation_s)
        self._slow *= math.exp(-seconds / self._model.slow_excitation_s)

    def excite(self) -> None:
        self._fast += self._model.fast_excitation / self._model.fast_excitation_s
        self._slow += self._model.slow_excitation / self._model.slow_excitation_s


class Parents:
    """Large orders, worked slice by slice: why buys follow buys for so long (Lillo, Mike and Farmer 2005)."""

    def __init__(self, model: FlowModel, uniform: Uniform) -> None:
        self._model = model
        self._uniform = uniform
        self._slices = [self._new() for _ in range(model.parents)]

    def next_side(self) -> int:
        """The side of the next slice, of whichever large order it belongs to."""
        index = int(self._uniform() * len(self._slices))
        left = self._slices[index]
        side = 1 if left > 0 else -1
        self._slices[index] = left - side or self._new()
        return side

    def _new(self) -> int:
        """A large order as its number of slices: positive to buy, negative to sell."""
        slices = 1 + int(self._model.parent_slices * heavy_tailed(self._uniform, self._model.parent_tail))
        return min(slices, self._model.parent_reach) * (1 if self._uniform() < 0.5 else -1)


class Sizes:
    """Order sizes in lots: heavy-tailed, many of them round."""

    def __init__(self, model: FlowModel, median_lots: float, uniform: Uniform) -> None:
        self._model = model
        self._scale = median_lots / (2.0 ** (1.0 / model.size_tail) - 1.0)
        self._most = median_lots * model.size_reach
        self._uniform = uniform

    def draw(self) -> int:
        lots = min(self._scale * heavy_tailed(self._uniform, self._model.size_tail), self._most)
        return round_lots(lots) if self._uniform() < self._model.round_share else max(1, round(lots))


def round_lots(lots: float) -> int:
    """The nearest of 1, 2, 5, 10, 20, 50 ... lots."""
    if lots < 1.5:
        return 1
    power = int(10.0 ** int(math.log10(lots)))
    lead = lots / power
    return power * (1 if lead < 1.5 else 2 if lead < 3.5 else 5 if lead < 7.5 else 10)
