"""Accounts against the venues' published examples: order cost, cross margin, liquidation, spot holds, funding."""

from decimal import Decimal

import pytest

from tests.model.contracts import bitmex_inverse, bitmex_linear, bitmex_quanto, bitmex_spot
from ticklink.model.money import ZERO, Contract, ratio
from ticklink.simulator.accounts import Account, Entry, Shortage

BUY, SELL = 1, -1


def account(**deposits: int) -> Account:
    return Account("BitMEX", "bitmex", deposits, time_ns=1)


def karens_contract() -> Contract:
    """ETHUSDT of BitMEX's margin examples: 2 % initial and 1 % maintenance margin, fees left out."""
    return bitmex_linear(
        sym="ETHUSDT",
        multiplier="1",
        lot=1,
        initial_margin=Decimal("0.02"),
        maintenance_margin=Decimal("0.01"),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
    )


@pytest.fixture
def karen() -> Account:
    """10,000 USDT, and 20 ETHUSDT bought at 1,000."""
    karen = account(USDT=10_000_000_000)
    karen.apply_fill(karens_contract(), BUY, 2000, 20, ZERO, 2)
    karen.set_mark(karens_contract(), 2000)
    return karen


# Fills


def test_a_derivative_fill_moves_only_its_profit_and_its_fee() -> None:
    trader, contract = account(XBT=10_000_000), bitmex_inverse(lot=1)
    bought = trader.apply_fill(contract, BUY, 14598, 885, contract.maker_fee, 2)
    sold = trader.apply_fill(contract, SELL, 13271, 885, contract.maker_fee, 3)
    assert (bought.asset, bought.value, bought.fee, bought.realised) == ("XBT", 12125385, -3031, 0)
    assert (sold.value, sold.fee, sold.realised) == (13336950, -3334, -1211565)
    assert trader.wallets == {"XBT": 10_000_000 - 1211565 + 3031 + 3334}
    assert trader.ledger == [
        Entry(1, "XBT", 10_000_000, "deposit", ""),
        Entry(2, "XBT", 3031, "fee", "XBTUSD"),
        Entry(3, "XBT", -1211565, "pnl", "XBTUSD"),
        Entry(3, "XBT", 3334, "fee", "XBTUSD"),
    ]


def test_a_quanto_settles_in_its_third_asset() -> None:
    trader, contract = account(XBT=1_000_000), bitmex_quanto()
    trader.apply_fill(contract, BUY, 17297, 52, contract.taker_fee, 2)
    assert trader.wallets == {"XBT": 1_000_000 - 675}  # 899444 x 0.00075 is 674.583


def test_a_spot_buy_pays_quote_and_the_fee_in_quote() -> None:
    trader, contract = account(USDT=41_000_000_000), bitmex_spot(fee="0.001")
    filled = trader.apply_fill(contract, BUY, 80000, 100_000, contract.taker_fee, 2)
    assert (filled.asset, filled.value, filled.fee) == ("USDT", 40_000_000_000, 40_000_000)
    assert trader.wallets == {"USDT": 960_000_000, "XBT": 100_000_000}
    assert [entry.kind for entry in trader.ledger[1:]] == ["trade", "trade", "fee"]


def test_a_spot_sale_delivers_base_and_pays_the_fee_from_the_proceeds() -> None:
    trader, contract = account(XBT=100_000_000), bitmex_spot(fee="0.001")
    trader.apply_fill(contract, SELL, 80000, 100_000, contract.taker_fee, 2)
    assert trader.wallets == {"XBT": 0, "USDT": 39_960_000_000}
    assert trader.positions == {}


# Reservations


def test_an_order_holds_its_value_over_the_leverage_and_two_taker_fees() -> None:
    """BitMEX support's example: 15000 XBTUSD at 7320, 25x, taker fee 0.075 %: 0.08504 XBT."""
    trader, contract = account(XBT=10_000_000), bitmex_inverse(lot=1, initial_margin=Decimal("0.04"))
    assert trader.reserve(contract, BUY, 14640, 15000) is None
    assert trader.margin("XBT").init_margin == 8503973
    assert trader.margin("XBT").available_margin == 10_000_000 - 8503973


def test_an_order_beyond_the_balance_is_told_what_the_venue_would_tell() -> None:
    """A user's report: selling 100000 XBTUSD at 100000 at 1x answered "100150000 XBt required"."""
    trader, contract = account(XBT=1_000_000), bitmex_inverse(initial_margin=Decimal(1))
    assert trader.reserve(contract, SELL, 200_000, 1000) == Shortage("XBT", 100150000, 1_000_000)
    assert trader.margin("XBT").init_margin == 0
    assert trader.reserve(contract, SELL, 200_000, 9) is None


def test_orders_that_only_reduce_a_position_hold_nothing(karen: Account) -> None:
    contract = karens_contract()
    assert karen.reserve(contract, SELL, 2100, 20) is None
    assert karen.margin("USDT").init_margin == 0
    assert karen.reserve(contract, SELL, 2100, 5) is None
    assert karen.margin("USDT").init_margin == 105_000_000  # 5 lots at 1050, 2 %


def test_bids_that_only_reduce_a_short_hold_nothing() -> None:
    trader, contract = account(USDT=10_000_000_000), karens_contract()
    trader.apply_fill(contract, SELL, 2000, 20, ZERO, 2)
    trader.reserve(contract, BUY, 1900, 20)
    assert trader.margin("USDT").init_margin == 0
    trader.reserve(contract, BUY, 1900, 5)
    assert trader.margin("USDT").init_margin == 95_000_000


def test_bids_and_offers_are_charged_once_for_the_lots_they_share() -> None:
    """BitMEX's exchange guide: bids for 20 at 100 and offers of 15 at 150 are charged as 5 bids and 15 offers."""
    trader, contract = account(USDT=10_000_000_000), karens_contract()
    trader.reserve(contract, BUY, 200, 20)
    trader.reserve(contract, SELL, 300, 15)
    assert trader.margin("USDT").init_margin == (5 * 100 + 15 * 150) * 1_000_000 * 2 // 100
    trader.release(contract, SELL, 300, 15)
    assert trader.margin("USDT").init_margin == 20 * 100 * 1_000_000 * 2 // 100


def test_offers_beyond_the_bids_are_charged_whole() -> None:
    trader, contract = account(USDT=10_000_000_000), karens_contract()
    trader.reserve(contract, BUY, 200, 15)
    trader.reserve(contract, SELL, 300, 20)
    assert trader.margin("USDT").init_margin == 20 * 150 * 1_000_000 * 2 // 100


def test_a_fill_that_opens_a_position_charges_orders_anew(karen: Account) -> None:
    contract = karens_contract()
    karen.reserve(contract, SELL, 2100, 25)
    karen.apply_fill(contract, SELL, 2000, 20, ZERO, 3)
    assert karen.margin("USDT").init_margin == 525_000_000


def test_a_spot_buy_holds_its_amount_and_the_fee() -> None:
    """BitMEX's spot guide: 1 XBT at 40,000 with a 0.1 % fee needs 40,040.00 USDT."""
    contract = bitmex_spot(fee="0.001")
    assert account(USDT=40_040_000_000).reserve(contract, BUY, 80000, 100_000) is None
    poorer = account(USDT=40_039_999_999)
    assert poorer.reserve(contract, BUY, 80000, 100_000) == Shortage("USDT", 40_040_000_000, 40_039_999_999)


def test_a_spot_sale_holds_its_base() -> None:
    trader, contract = account(XBT=100_000), bitmex_spot()
    assert trader.reserve(contract, SELL, 80000, 60) is None
    assert trader.reserve(contract, SELL, 90000, 41) == Shortage("XBT", 41_000, 40_000)
    assert trader.margin("XBT").init_margin == 60_000


def test_spot_cannot_spend_unrealised_profit(karen: Account) -> None:
    karen.set_mark(karens_contract(), 3000)
    assert karen.margin("USDT").available_margin == 19_600_000_000
    assert karen.margin("USDT").withdrawable_margin == 9_600_000_000
    assert karen.reserve(bitmex_spot(fee="0"), BUY, 80000, 25_000) == Shortage("USDT", 10_000_000_000, 9_600_000_000)


def test_an_amended_order_is_put_back_when_the_new_one_lacks_margin() -> None:
    trader, contract = account(USDT=40_000_000), karens_contract()
    trader.reserve(contract, BUY, 2000, 2)
    trader.release(contract, BUY, 2000, 2)
    assert trader.reserve(contract, BUY, 2000, 3) == Shortage("USDT", 60_000_000, 40_000_000)
    trader.hold(contract, BUY, 2000, 2)
    assert trader.margin("USDT").available_margin == 0


# Positions and margin


def test_a_position_holds_what_the_captured_row_holds() -> None:
    """XBTM19 of 2019-05-28, 1 contract long at 7664: posInit 131 and posComm 10, posMaint 76, unrealised 1790."""
    trader, contract = account(XBT=1_000_000), bitmex_inverse(lot=1, tick="0.01")
    trader.apply_fill(contract, BUY, 766400, 1, ZERO, 2)
    trader.set_mark(contract, 888276)
    summary = trader.margin("XBT")
    assert trader.positions["XBTUSD"].cost == -13048
    assert summary.position_margin == 141
    assert summary.maintenance_margin == 76
    assert summary.unrealised_pnl == trader.unrealised("XBTUSD") == 1790


def test_the_margin_row_adds_up_as_captured() -> None:
    """The margin row of 2019-02-20: amount 136741605, comm 5711071, realised -5711371, wallet 131030234."""
    trader, contract = account(XBT=136741605), bitmex_inverse(lot=1, tick="0.01")
    trader.apply_fill(contract, BUY, 394150, 100, contract.taker_fee, 2)
    trader.apply_fill(contract, SELL, 394100, 300001, contract.taker_fee, 3)
    trader.set_mark(contract, 391427)
    summary = trader.margin("XBT")
    assert summary.realised_pnl == -5711371 - 1  # ours rounds two fills, the venue rounded each of many
    assert summary.wallet_balance == summary.amount + summary.realised_pnl
    assert summary.margin_balance == summary.wallet_balance + 52182774
    assert trader.equity("XBT") == summary.margin_balance


def test_unrealised_profit_follows_every_fill_and_every_mark(karen: Account) -> None:
    contract = karens_contract()
    karen.set_mark(contract, 2200)
    assert karen.unrealised("ETHUSDT") == 2_000_000_000
    karen.apply_fill(contract, SELL, 2200, 5, ZERO, 3)
    assert karen.unrealised("ETHUSDT") == 1_500_000_000
    karen.set_mark(contract, 1900)
    assert karen.unrealised("ETHUSDT") == -750_000_000
    assert karen.equity("USDT") == 10_000_000_000 + 500_000_000 - 750_000_000


def test_funding_is_paid_by_longs_where_the_rate_is_positive(karen: Account) -> None:
    contract = karens_contract()
    assert karen.apply_funding(contract, ratio("0.0001"), 2200, 3) == -2_200_000  # 20 x 1100 x 0.01 %
    assert karen.apply_funding(contract, ratio("-0.0002"), 2200, 4) == 4_400_000
    assert karen.ledger[-1] == Entry(4, "USDT", 4_400_000, "funding", "ETHUSDT")
    assert karen.positions["ETHUSDT"].funding == 2_200_000


def test_funding_needs_a_position() -> None:
    assert account(USDT=1).apply_funding(karens_contract(), ratio("0.0001"), 2000, 1) == 0


# Liquidation


def test_cross_margin_gives_the_published_prices(karen: Account) -> None:
    """BitMEX's margin examples: available 9,600; liquidated at 510, bankrupt at 500."""
    assert karen.margin("USDT").available_margin == 9_600_000_000
    assert karen.liquidation_price("ETHUSDT") == 510
    assert karen.bankruptcy_price("ETHUSDT") == 500


@pytest.mark.parametrize(("ticks", "is_liquidatable"), [(1021, False), (1020, True), (1019, True)])
def test_liquidation_begins_where_equity_meets_maintenance(karen: Account, ticks: int, is_liquidatable: bool) -> None:
    karen.set_mark(karens_contract(), ticks)
    assert karen.is_liquidatable("USDT") is is_liquidatable


@pytest.mark.parametrize("mark", [1019, 900])
def test_liquidation_takes_the_wallet_and_no_more(karen: Account, mark: int) -> None:
    karen.set_mark(karens_contract(), mark)
    (taken,) = karen.liquidate("USDT", 9)
    assert (taken.lots, taken.price, taken.amount) == (20, 500.0, -10_000_000_000)
    assert karen.wallets == {"USDT": 0}
    assert karen.positions["ETHUSDT"].lots == 0
    assert karen.margin("USDT").position_margin == karen.margin("USDT").maintenance_margin == 0
    assert karen.ledger[-1] == Entry(9, "USDT", -10_000_000_000, "liquidation", "ETHUSDT")
    assert not karen.is_liquidatable("USDT")


def test_positions_of_an_asset_share_their_profit_and_are_taken_over_together(karen: Account) -> None:
    hedge = bitmex_linear(sym="XBTUSDT", multiplier="1", lot=1, maker_fee=Decimal(0), taker_fee=Decimal(0))
    karen.apply_fill(hedge, SELL, 4000, 10, ZERO, 3)
    karen.set_mark(hedge, 3000)  # 5,000 of profit
    assert karen.bankruptcy_price("ETHUSDT") == 250
    karen.set_mark(karens_contract(), 501)
    assert karen.is_liquidatable("USDT")
    taken = {one.contract.sym: one for one in karen.liquidate("USDT", 9)}
    assert sum(one.amount for one in taken.values()) == -10_000_000_000
    assert karen.wallets == {"USDT": 0}
    assert taken["ETHUSDT"].price == pytest.approx(250.5, abs=1)
    assert taken["XBTUSDT"].price == pytest.approx(1500, abs=2)


def test_an_inverse_short_worth_the_wallet_is_never_bankrupt() -> None:
    """Short as many dollars as the wallet is worth: no price takes it all."""
    trader, contract = account(XBT=3_108_000), bitmex_inverse(taker_fee=Decimal(0))
    trader.apply_fill(contract, SELL, 64350, 10, ZERO, 2)
    assert trader.bankruptcy_price("XBTUSD") is None


def test_an_inverse_liquidation_price_is_where_equity_meets_maintenance() -> None:
    trader, contract = account(XBT=310_800), bitmex_inverse(taker_fee=Decimal(0))
    trader.apply_fill(contract, BUY, 64350, 10, ZERO, 2)
    trader.set_mark(contract, 64350)
    price = trader.liquidation_price("XBTUSD")
    assert price is not None
    assert price == pytest.approx(1e11 / (3_108_000 + 310_800 - 15_540))  # where 1000 contracts are worth that much
    trader.set_mark(contract, int(price * 2))
    assert trader.is_liquidatable("XBT")
    trader.set_mark(contract, int(price * 2) + 1)
    assert not trader.is_liquidatable("XBT")


def test_no_position_has_no_liquidation_price(karen: Account) -> None:
    assert karen.liquidation_price("XBTUSD") is None
    assert karen.bankruptcy_price("XBTUSD") is None
    assert karen.unrealised("XBTUSD") == 0
    assert not karen.is_liquidatable("XBT")
