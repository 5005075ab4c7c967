"""What an account costs: a fill, a reservation and its release, a value, beside the barest arithmetic in plain Python."""

from collections.abc import Callable
from decimal import Decimal
from time import process_time

from ticklink.model.instruments import Instrument
from ticklink.model.money import Contract
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account

ROUNDS = 7
CALLS = 50_000

INVERSE = Instrument(
    src="bitmex",
    sym="XBTUSD",
    kind="inverse",
    base="XBT",
    quote="USD",
    settle="XBT",
    tick=Decimal("0.5"),
    lot=Decimal(100),
    maker_fee=Decimal("-0.00025"),
    taker_fee=Decimal("0.00075"),
    initial_margin=Decimal("0.01"),
    maintenance_margin=Decimal("0.005"),
)
LINEAR = Instrument(
    src="bitmex",
    sym="XBTUSDT",
    kind="linear",
    base="XBT",
    quote="USDT",
    settle="USDT",
    tick=Decimal("0.5"),
    lot=Decimal(100),
    multiplier=Decimal("0.000001"),
    settle_scale=6,
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    initial_margin=Decimal("0.01"),
    maintenance_margin=Decimal("0.005"),
)


class Bare:
    """The least a fill can do: floats, no rounding, no ledger, no margin."""

    def __init__(self) -> None:
        self.cash = 0.0
        self.lots = 0

    def fill(self, side: int, price: float, lots: int, rate: float) -> float:
        value = price * lots
        self.cash -= side * value + value * rate
        self.lots += side * lots
        return value


def microseconds(pair: Callable[[], object]) -> float:
    """Processor time of one half of a pair of calls: the best of several rounds, calling nothing taken off."""
    return (best(pair) - best(lambda: None)) / 2


def best(work: Callable[[], object]) -> float:
    least = float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(CALLS):
            work()
        least = min(least, process_time() - start)
    return least / CALLS * 1e6


def measure(instrument: Instrument) -> dict[str, float]:
    """Microseconds of each call, there and back."""
    contract, bare = Contract.of(instrument), Bare()
    rate, position = contract.taker_fee, Position(contract)
    holder, trader = fresh(contract), fresh(contract)

    def bare_fills() -> None:
        bare.fill(1, 32175.5, 10, 0.00075)
        bare.fill(-1, 32175.5, 10, 0.00075)

    def values() -> None:
        contract.value(64351, 10)
        contract.value(64352, 10)

    def position_fills() -> None:
        position.apply(10, 64351, 1_554_000)
        position.apply(-10, 64351, -1_554_000)

    def fills() -> None:
        trader.apply_fill(contract, 1, 64351, 10, rate, 1)
        trader.apply_fill(contract, -1, 64352, 10, rate, 1)

    def reservations() -> None:
        holder.reserve(contract, 1, 64351, 10)
        holder.release(contract, 1, 64351, 10)

    return {
        "bare arithmetic": microseconds(bare_fills),
        "value": microseconds(values),
        "position": microseconds(position_fills),
        "fill": microseconds(fills),
        "reserve or release": microseconds(reservations),
    }


def fresh(contract: Contract) -> Account:
    """A rich account with a position and resting orders on both sides, so that nothing is free."""
    account = Account("bench", "bitmex", {contract.asset: 10**15})
    account.apply_fill(contract, 1, 64351, 100, contract.taker_fee, 1)
    account.set_mark(contract, 64400)
    account.reserve(contract, 1, 64300, 50)
    account.reserve(contract, -1, 64500, 500)
    return account


def growing(fills: int) -> float:
    """Microseconds a fill of one position that only grows."""
    contract = Contract.of(INVERSE)
    account = Account("bench", "bitmex", {"XBT": 10**15})
    start = process_time()
    for number in range(fills):
        account.apply_fill(contract, 1, 64351 + number % 5, 1, contract.taker_fee, number)
    return (process_time() - start) / fills * 1e6


def main() -> None:
    for instrument in (INVERSE, LINEAR):
        figures = measure(instrument)
        bare = figures["bare arithmetic"]
        print(f"{instrument.sym} ({instrument.kind})")
        for name, figure in figures.items():
            print(f"  {name:20} {figure:6.2f} us   {figure / bare:5.1f} x bare")
    first, all_of_them = growing(1_000), growing(50_000)
    print(f"one growing position: {first:.2f} us a fill over 1,000 fills, {all_of_them:.2f} us over 50,000")


if __name__ == "__main__":
    main()
