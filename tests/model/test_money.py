"""Contract values against the venues' own rows and published examples, by value."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.model.contracts import bitmex_inverse, bitmex_linear, bitmex_quanto, bitmex_spot, coarse_linear
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.model.money import Contract, fee, ratio, rounded, rounded_up


@pytest.mark.parametrize(
    ("size", "price", "gross_value"),
    [
        (1000, "32175", 3108000),
        (100, "32180.5", 310747),
        (900, "32180.5", 2796723),
        (24300, "32185.5", 75499857),
        (7300, "32187", 22679932),
    ],
)
def test_an_inverse_value_rounds_each_lot_as_captured_trades_do(size: int, price: str, gross_value: int) -> None:
    assert bitmex_inverse().value(int(Decimal(price) * 2), size // 100) == gross_value


def test_an_inverse_value_rounded_each_contract_while_a_lot_was_one_contract() -> None:
    assert bitmex_inverse(lot=1).value(13071, 100) == 1530100


@pytest.mark.parametrize(("size", "ticks", "value"), [(52, 17297, 899444), (219, 17292, 3786948)])
def test_a_quanto_value_is_in_the_settle_asset(size: int, ticks: int, value: int) -> None:
    contract = bitmex_quanto()
    assert contract.asset == "XBT"
    assert contract.value(ticks, size) == value


def test_a_linear_value_is_size_times_price_in_ledger_units() -> None:
    contract = bitmex_linear()
    assert contract.asset == "USDT"
    assert contract.value(64350, 10) == 32_175_000  # 1000 contracts are 0.001 XBT, at 32175 USDT


def test_a_spot_value_is_in_the_quote_asset_and_its_lots_are_exact_base() -> None:
    contract = bitmex_spot()
    assert contract.asset == "USDT"
    assert contract.value(80000, 10) == 4_000_000  # 10000 x 1e-8 XBT at 40000
    assert contract.base_per_lot == 1000


def test_a_spot_lot_finer_than_the_ledger_is_refused() -> None:
    with pytest.raises(InputError, match="larger base_scale"):
        Contract.of(
            Instrument(
                src="x",
                sym="A-B",
                kind="spot",
                base="A",
                quote="B",
                settle="B",
                tick=Decimal(1),
                lot=Decimal("0.001"),
                base_scale=2,
            )
        )


def test_a_value_falls_to_the_even_neighbour_on_a_tie() -> None:
    assert [rounded(n, 2) for n in (1, 3, 5, -1, -3, -5)] == [0, 2, 2, 0, -2, -2]
    assert [rounded(n, 3) for n in (1, 2, 4, 5, -1, -2)] == [0, 1, 1, 2, 0, -1]


def test_reserved_amounts_round_up() -> None:
    assert [rounded_up(n, 10) for n in (0, 1, 10, 11, -11)] == [0, 1, 1, 2, -1]


@pytest.mark.parametrize(
    ("size", "price", "commission"),
    [(885, "7299", -3031), (885, "6635.5", -3334)],
)
def test_a_rebate_is_what_a_published_wallet_history_shows(size: int, price: str, commission: int) -> None:
    contract = bitmex_inverse(lot=1)
    assert fee(contract.value(int(Decimal(price) * 2), size), contract.maker_fee) == commission


def test_a_taker_fee_is_paid_on_either_sign_of_a_value() -> None:
    assert fee(3108000, ratio("0.00075")) == fee(-3108000, ratio("0.00075")) == 2331


def test_costs_have_the_signs_of_bitmex_exec_cost() -> None:
    assert bitmex_inverse().cost(64350, 10) == -3108000
    assert bitmex_inverse().cost(64350, -10) == 3108000
    assert bitmex_linear().cost(64350, 10) == 32_175_000
    assert bitmex_quanto().cost(17297, -52) == -899444


def test_notionals_have_the_signs_of_bitmex() -> None:
    assert bitmex_inverse().notionals(64350, 10) == (0.03108, -1000.0)
    assert bitmex_linear().notionals(64350, -10) == (-0.001, 32.175)
    assert bitmex_spot().notionals(80000, 10) == (0.0001, -4.0)


def test_quanto_notionals_follow_the_settle_assets_price() -> None:
    home, foreign = bitmex_quanto().notionals(17292, 219, settle_price=32154.3593788)
    assert foreign == pytest.approx(-1217.6681672025722, rel=1e-6)  # a captured trade of 219 UNIUSDT
    assert home == pytest.approx(70.41800643086816, rel=1e-6)


def test_weights_sum_exactly_to_what_one_value_rounds() -> None:
    contract = coarse_linear()
    ticks = [64350, 64351, 64353]
    exact = sum(Fraction(t, 2) * Fraction("0.0000000071") * 10**6 for t in ticks)
    assert Fraction(sum(contract.weight(t) for t in ticks), contract.weight_scale) == exact
    assert contract.value(64350, 3) == rounded(contract.weight(64350) * 3, contract.weight_scale)


@pytest.mark.parametrize("contract", [bitmex_inverse(), bitmex_linear(), bitmex_quanto()])
def test_price_of_undoes_cost_within_its_rounding(contract: Contract) -> None:
    for lots in (7, -7):
        price = contract.price_of(lots, contract.cost(64350, lots))
        assert price == pytest.approx(contract.instrument.price(64350), rel=1e-5)


def test_no_positive_price_has_a_cost_of_the_wrong_sign() -> None:
    assert bitmex_linear().price_of(5, -100) is None
    assert bitmex_inverse().price_of(5, 100) is None
    assert bitmex_inverse().price_of(5, 0) is None
