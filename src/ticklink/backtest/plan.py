"""Plan: everything that decides a backtest's outcome, checked before anything runs."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from ticklink.model.errors import InputError
from ticklink.simulator.models import (
    DEFAULT_FUNDING_RATE,
    DEFAULT_LATENCY_NS,
    ConstantLatency,
    Fees,
    Funding,
    JitterLatency,
    Latency,
    Queue,
    RateLimit,
)

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
NS_PER_S = 1_000_000_000


class MarketId(msgspec.Struct, frozen=True, order=True):
    """A market: `src:sym` on the command line."""

    src: str
    sym: str

    def __str__(self) -> str:
        return f"{self.src}:{self.sym}"


class LatencyPlan(msgspec.Struct, frozen=True):
    """Delays as they were given: to the venue, back, and the mean of a random part (0: none)."""

    to_ns: int = DEFAULT_LATENCY_NS
    from_ns: int = DEFAULT_LATENCY_NS
    jitter_ns: int = 0

    def model(self, seed: int) -> Latency:
        if self.jitter_ns:
            return JitterLatency(self.to_ns, self.jitter_ns, seed)
        return ConstantLatency(self.to_ns, self.from_ns)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest: a bot, its venues and markets, the recorded data, and the models."""

    bot: Path
    venues: dict[str, str]
    """{venue name: src}"""
    markets: list[MarketId]
    root: Path
    start_ns: int | None = None
    end_ns: int | None = None
    balances: dict[str, dict[str, Decimal]] = {}
    """{venue name: {asset: amount in whole units}}; under "" for every venue that has the asset."""
    latency: LatencyPlan = LatencyPlan()
    fees: Fees = Fees()
    queue: Queue = Queue()
    funding: Funding = Funding(DEFAULT_FUNDING_RATE)
    rate_limit: RateLimit = RateLimit()
    seed: int = 0
    currency: str | None = None
    workdir: Path | None = None
    patience_s: float = 5.0

    def check(self) -> None:
        """Raises InputError where parts do not fit together."""
        if not self.venues:
            raise InputError("a backtest needs a venue: --venue NAME=SRC, for example --venue BitMEX=bitmex")
        if not self.markets:
            raise InputError("a backtest needs a market: --market SRC:SYM, for example --market bitmex:XBTUSD")
        if len(set(self.markets)) < len(self.markets):
            raise InputError("a market is named twice; name each once")
        traded = {market.src for market in self.markets}
        for name, src in self.venues.items():
            if src not in traded:
                raise InputError(
                    f"venue {name} is at {src}, but no --market is: add --market {src}:SYM or drop the venue"
                )
        if self.start_ns is not None and self.end_ns is not None and self.start_ns >= self.end_ns:
            raise InputError("--from must be before --to")
        if not self.root.is_dir():
            raise InputError(
                f"there is no archive at {self.root}; make one with `ticklink import` or `ticklink data synth`"
            )


def parse_venue(text: str) -> tuple[str, str]:
    """NAME=SRC"""
    name, sign, src = text.partition("=")
    if not sign or not name or not src:
        raise InputError(f"--venue takes NAME=SRC, for example BitMEX=bitmex, not {text!r}")
    return name, src


def parse_market(text: str) -> MarketId:
    """SRC:SYM"""
    src, sign, sym = text.partition(":")
    if not sign or not src or not sym:
        raise InputError(f"--market takes SRC:SYM, for example bitmex:XBTUSD, not {text!r}")
    return MarketId(src, sym)


def parse_balances(texts: tuple[str, ...], venues: dict[str, str]) -> dict[str, dict[str, Decimal]]:
    """{venue: {asset: amount}}; ASSET=AMOUNT, for every venue that has the asset, is under the name ""."""
    balances: dict[str, dict[str, Decimal]] = {name: {} for name in ("", *venues)}
    for text in texts:
        where, sign, amount = text.partition("=")
        venue, colon, asset = where.rpartition(":")
        if not sign or not asset or (colon and venue not in venues):
            known = ", ".join(venues)
            raise InputError(
                f"--balance takes ASSET=AMOUNT or VENUE:ASSET=AMOUNT with a venue of {known}, not {text!r}"
            )
        whole = parse_decimal(amount, "--balance")
        if whole < 0:
            raise InputError(f"--balance: {text!r} is negative; an account cannot start with a debt")
        balances[venue][asset] = whole
    return balances


def parse_latency(text: str) -> LatencyPlan:
    """20ms both ways; 20ms,30ms there and back; 20ms~5ms with an exponential random part of mean 5 ms."""
    floor, tilde, jitter = text.partition("~")
    there, comma, back = floor.partition(",")
    if tilde and comma:
        raise InputError(f"--latency takes a random part with one delay only, for example 20ms~5ms, not {text!r}")
    to_ns = parse_duration_ns(there, "--latency")
    from_ns = parse_duration_ns(back, "--latency") if comma else to_ns
    return LatencyPlan(to_ns, from_ns, parse_duration_ns(jitter, "--latency") if tilde else 0)


def parse_duration_ns(text: str, option: str) -> int:
    """A number with its unit: 20ms, 1.5s, 250us."""
    for unit in ("ns", "us", "ms", "s"):
        number = text.strip().removesuffix(unit)
        if number != text.strip():
            amount = parse_decimal(number, option)
            if amount < 0:
                raise InputError(f"{option}: {text!r} is negative")
            return int(amount * UNITS_NS[unit])
    raise InputError(f"{option} takes a duration with its unit (ms, us or s), for example 20ms, not {text!r}")


def parse_fees(text: str) -> Fees:
    """published; 0.05% for both; maker=0.0002,taker=0.0005 (shares, or with a percent sign)."""
    if text == "published":
        return Fees()
    rates: dict[str, Decimal] = {}
    for part in text.split(","):
        name, sign, rate = part.partition("=")
        if not sign:
            rates |= dict.fromkeys(("maker", "taker"), parse_share(name, "--fees"))
        elif name in ("maker", "taker"):
            rates[name] = parse_share(rate, "--fees")
        else:
            raise InputError(f"--fees takes published, 0.05%, or maker=0.0002,taker=0.0005, not {text!r}")
    return Fees(**rates)


def parse_funding(text: str) -> Funding:
    """none, or a rate like 0.01%."""
    return Funding(Decimal(0)) if text == "none" else Funding(parse_share(text, "--funding"))


def parse_share(text: str, option: str) -> Decimal:
    """0.0005 or 0.05%."""
    number = text.strip().removesuffix("%")
    share = parse_decimal(number, option)
    return share / 100 if number != text.strip() else share


def parse_decimal(text: str, option: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise InputError(f"{option}: {text!r} is not a number")
    return number


def parse_time(text: str, option: str) -> int:
    """ISO 8601 (a date is its midnight; UTC unless it says otherwise) or epoch seconds, as ns."""
    if text.strip().replace(".", "", 1).isdigit() and "-" not in text:
        return int(Decimal(text.strip()) * NS_PER_S)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{option} takes a time like 2026-01-31 or 2026-01-31T12:00:00Z, not {text!r}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    delta = moment - epoch
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * 1_000
