"""Equity and metrics by value, on cases small enough to compute by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ticklink.backtest.equity import default_currency, equity
from ticklink.backtest.metrics import Records, metrics
from ticklink.backtest.result import Equity, FillRecord, LedgerEntry, OrderRecord, PriceSamples
from ticklink.model.instruments import Instrument, Kind

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
GRID = [0, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]


def instrument(kind: Kind, base: str, quote: str, settle: str, *, multiplier: str = "1") -> Instrument:
    return Instrument(
        src="sim",
        sym=base + quote,
        kind=kind,
        base=base,
        quote=quote,
        settle=settle,
        tick=Decimal("0.5"),
        lot=Decimal(1),
        multiplier=Decimal(multiplier),
    )


def samples(terms: Instrument, mid: list[float | None]) -> PriceSamples:
    return PriceSamples(terms.src, terms.sym, terms.kind, terms.base, terms.quote, terms.settle, mid, mid, mid)


def fill(
    time: int, terms: Instrument, side: str, size: float, price: float, position: float, **more: Any
) -> FillRecord:
    given: dict[str, Any] = {"liquidity": "maker", "fee": 0.0, "fee_asset": terms.settle, "realised_pnl": 0.0} | more
    return FillRecord(
        time=time,
        venue="Sim",
        sym=terms.sym,
        side=side,
        price=price,
        size=size,
        pnl_asset=terms.settle,
        position=position,
        order_id=f"o{time}",
        trade_id=f"t{time}",
        **given,
    )


def entry(time: int, asset: str, amount: float, kind: str) -> LedgerEntry:
    return LedgerEntry(time, "Sim", asset, amount, kind, "")


def order(status: str, size: float, filled: float, *, changes: int = 0) -> OrderRecord:
    return OrderRecord(
        venue="Sim",
        sym="BTCUSDT",
        order_id="o",
        client_order_id="c",
        side="Buy",
        type="Limit",
        price=100.0,
        stop_price=None,
        size=size,
        filled=filled,
        average_price=None,
        status=status,
        time_in_force="GTC",
        post_only=False,
        reduce_only=False,
        created=0,
        closed=None,
        changes=[(HOUR_MS, 101.0, size)] * changes,
        text="",
    )


def records(terms: Instrument, mid: list[float | None], **more: Any) -> Records:
    given: dict[str, Any] = {"times": GRID, "orders": [], "fills": [], "ledger": []} | more
    return Records(instruments=[terms], venues={"Sim": "sim"}, prices=[samples(terms, mid)], **given)


def measured(of: Records) -> dict[str, Any]:
    return metrics(of, equity(of))


LINEAR = instrument("linear", "BTC", "USDT", "USDT", multiplier="0.1")
INVERSE = instrument("inverse", "XBT", "USD", "XBT")
QUANTO = instrument("quanto", "ETH", "USD", "XBT", multiplier="0.000001")
SPOT = instrument("spot", "BTC", "USD", "USD")


def test_a_linear_position_gains_size_times_multiplier_times_the_move() -> None:
    of = records(
        LINEAR,
        [100.0, 110.0, 90.0, 120.0],
        ledger=[entry(0, "USDT", 1000.0, "deposit")],
        fills=[fill(HOUR_MS, LINEAR, "Buy", 20, 110.0, 20)],
    )
    worth = equity(of)
    assert worth.currency == "USDT"
    assert worth.total == [1000.0, 1000.0, pytest.approx(960.0), pytest.approx(1020.0)]
    assert worth.drawdown == [0.0, 0.0, pytest.approx(-0.04), 0.0]
    assert worth.position == {"Sim BTCUSDT": [0.0, 20.0, 20.0, 20.0]}
    assert worth.pnl == [0.0, 0.0, pytest.approx(-40.0), pytest.approx(20.0)]


def test_an_inverse_short_gains_in_coins_when_the_price_falls() -> None:
    of = records(
        INVERSE,
        [10_000.0, 10_000.0, 8_000.0, 8_000.0],
        ledger=[entry(0, "XBT", 1.0, "deposit"), entry(3 * HOUR_MS, "XBT", 0.025, "pnl")],
        fills=[
            fill(HOUR_MS, INVERSE, "Sell", 2000, 10_000.0, -2000),
            fill(3 * HOUR_MS, INVERSE, "Buy", 1000, 8_000.0, -1000, realised_pnl=0.025),
        ],
    )
    worth = equity(of)
    assert worth.currency == "USD"
    # short 2000 USD at 10,000: 2000 x (1/8000 - 1/10000) = 0.05 XBT, half of it realised at the end
    assert worth.by_asset["XBT"] == [1.0, 1.0, pytest.approx(1.05), pytest.approx(1.05)]
    assert worth.total[-1] == pytest.approx(8_400.0)
    assert worth.pnl[-1] == pytest.approx(400.0)


def test_a_quanto_settles_in_its_third_asset() -> None:
    price_of_xbt = samples(INVERSE, [50_000.0, None, None, 40_000.0])
    of = msgspec.structs.replace(
        records(
            QUANTO,
            [2_000.0, 2_000.0, 2_100.0, 2_100.0],
            ledger=[entry(0, "XBT", 0.5, "deposit")],
            fills=[fill(HOUR_MS, QUANTO, "Buy", 100, 2_000.0, 100)],
        ),
        prices=[samples(QUANTO, [2_000.0, 2_000.0, 2_100.0, 2_100.0]), price_of_xbt],
    )
    worth = equity(of)
    # 100 x 0.000001 XBT per dollar x 100 dollars
    assert worth.by_asset["XBT"][-1] == pytest.approx(0.51)
    assert worth.pnl == [0.0, 0.0, pytest.approx(0.01 * 50_000), pytest.approx(0.01 * 40_000)]
    assert metrics(of, worth)["turnover"] == pytest.approx(100 * 0.000001 * 2_000 * 50_000)


def test_spot_is_worth_what_the_wallets_hold() -> None:
    of = records(
        SPOT,
        [100.0, 100.0, 130.0, 120.0],
        ledger=[
            entry(0, "USD", 1000.0, "deposit"),
            entry(HOUR_MS, "USD", -500.0, "trade"),
            entry(HOUR_MS, "BTC", 5.0, "trade"),
            entry(HOUR_MS, "USD", -1.0, "fee"),
        ],
        fills=[fill(HOUR_MS, SPOT, "Buy", 5, 100.0, 5, fee=1.0)],
    )
    worth = equity(of)
    assert worth.total == [1000.0, 999.0, 1149.0, 1099.0]
    figures = metrics(of, worth)
    assert figures["net_pnl"] == 99.0
    assert figures["net_pnl_by_asset"] == {"USD": -501.0, "BTC": 5.0}
    assert figures["fees"] == 1.0
    assert figures["return"] == pytest.approx(0.099)
    assert figures["buy_and_hold_return"] == pytest.approx(0.2)
    assert figures["buy_and_hold_pnl"] == pytest.approx(200.0)
    assert figures["turnover"] == 500.0


def test_the_price_of_a_deposit_is_not_the_bots_profit() -> None:
    of = records(INVERSE, [10_000.0, 11_000.0, 12_000.0, 5_000.0], ledger=[entry(0, "XBT", 2.0, "deposit")])
    figures = measured(of)
    assert equity(of).total == [20_000.0, 22_000.0, 24_000.0, 10_000.0]
    assert figures["net_pnl"] == 0.0
    assert figures["return"] == 0.0
    assert figures["holdings_pnl"] == -10_000.0
    assert figures["max_drawdown"]["share"] == 0.0


def test_an_asset_without_a_price_is_named_and_left_out() -> None:
    of = records(SPOT, [100.0] * 4, ledger=[entry(0, "USD", 10.0, "deposit"), entry(0, "DOGE", 7.0, "deposit")])
    worth = equity(of)
    assert worth.total == [10.0] * 4
    assert worth.by_asset["DOGE"] == [7.0] * 4
    assert worth.notes == ["DOGE has no price in USD in this run: it is not part of the total"]


def test_dollars_count_one_to_one_and_say_so() -> None:
    of = records(SPOT, [100.0] * 4, ledger=[entry(0, "USDT", 10.0, "deposit")])
    assert equity(of).total == [10.0] * 4
    assert equity(of).notes == ["1 USDT is counted as 1 USD"]


def test_a_chain_of_markets_prices_an_asset() -> None:
    eth = instrument("spot", "ETH", "BTC", "BTC")
    of = msgspec.structs.replace(
        records(SPOT, [], ledger=[entry(0, "ETH", 10.0, "deposit")]),
        prices=[samples(eth, [None, 0.05, 0.05, 0.06]), samples(SPOT, [100.0, 100.0, 200.0, 200.0])],
    )
    assert equity(of).total == [50.0, 50.0, 100.0, 120.0]
    assert equity(of, currency="BTC").total == [0.5, 0.5, 0.5, pytest.approx(0.6)]


def test_the_currency_is_the_first_dollar_among_the_quotes() -> None:
    eth = instrument("spot", "ETH", "BTC", "BTC")
    assert default_currency(records(eth, [])) == "BTC"
    assert default_currency(msgspec.structs.replace(records(eth, []), instruments=[eth, LINEAR])) == "USDT"


def test_a_market_without_prices_is_marked_at_its_last_fill() -> None:
    of = records(
        LINEAR,
        [None] * 4,
        fills=[fill(0, LINEAR, "Buy", 10, 100.0, 10), fill(HOUR_MS, LINEAR, "Buy", 10, 120.0, 20)],
    )
    assert equity(of).total == [0.0, pytest.approx(20.0), pytest.approx(20.0), pytest.approx(20.0)]


def test_a_run_without_fills_has_figures_and_no_ratios() -> None:
    figures = measured(records(LINEAR, [100.0] * 4, ledger=[entry(0, "USDT", 1000.0, "deposit")]))
    assert figures["net_pnl"] == 0.0
    assert figures["max_drawdown"] == {"amount": 0.0, "share": 0.0, "from": None, "to": None}
    undefined = ("sharpe", "sortino", "hit_rate", "fill_ratio", "order_to_trade", "average_holding_time_ms")
    assert [figures[name] for name in undefined] == [None] * len(undefined)
    assert figures["time_in_market"] == 0.0
    assert figures["pnl_by_day"] == {"1970-01-01": 0.0}


def test_a_single_grid_time_is_enough() -> None:
    of = records(LINEAR, [100.0], times=[0], ledger=[entry(0, "USDT", 1000.0, "deposit")])
    assert measured(of)["end_equity"] == 1000.0
    assert measured(of)["time_in_market"] == 0.0


def test_losing_everything_is_a_full_drawdown_without_ratios() -> None:
    of = records(
        LINEAR,
        [100.0, 100.0, 50.0, 1.0],
        ledger=[entry(0, "USDT", 1000.0, "deposit"), entry(2 * HOUR_MS, "USDT", -1000.0, "liquidation")],
    )
    figures = measured(of)
    assert figures["return"] == -1.0
    assert figures["max_drawdown"] == {"amount": 1000.0, "share": 1.0, "from": 0, "to": 2 * HOUR_MS}
    assert figures["sharpe"] is None


def test_sharpe_and_sortino_come_from_grid_returns_of_a_365_day_year() -> None:
    ledger = [entry(0, "USDT", 100.0, "deposit")] + [
        entry(hour * HOUR_MS, "USDT", amount, "pnl") for hour, amount in ((1, 10.0), (2, -11.0), (3, 9.9))
    ]
    figures = measured(records(LINEAR, [100.0] * 4, ledger=ledger))
    # returns 10 %, -10 %, 10 %: mean 1/30, sample deviation sqrt(0.04/3), downside sqrt(0.01/3)
    a_year = (365 * 24) ** 0.5
    assert figures["sharpe"] == pytest.approx((1 / 30) / (0.04 / 3) ** 0.5 * a_year)
    assert figures["sortino"] == pytest.approx((1 / 30) / (0.01 / 3) ** 0.5 * a_year)
    assert figures["return_period_ms"] == HOUR_MS


def test_closing_trades_pay_their_own_fees_and_their_share_of_the_opening() -> None:
    of = records(
        LINEAR,
        [100.0] * 4,
        fills=[
            fill(0, LINEAR, "Buy", 10, 100.0, 10, fee=1.0),
            fill(HOUR_MS, LINEAR, "Sell", 5, 101.0, 5, fee=0.5, realised_pnl=0.9),  # 0.9 - 0.5 - 0.5
            fill(2 * HOUR_MS, LINEAR, "Sell", 10, 103.0, -5, fee=1.0, realised_pnl=1.5),  # 1.5 - 0.5 - 0.5, then short
            fill(3 * HOUR_MS, LINEAR, "Buy", 5, 100.0, 0, fee=0.5, realised_pnl=1.05),  # 1.05 - 0.5 - 0.5
        ],
    )
    figures = measured(of)
    assert figures["closing_trades"] == 3
    assert figures["hit_rate"] == pytest.approx(2 / 3)
    assert figures["profit_factor"] == pytest.approx((0.5 + 0.05) / 0.1)
    # held: 10 for an hour, 5 for an hour, 5 short for an hour; 15 were opened
    assert figures["average_holding_time_ms"] == pytest.approx(20 / 15 * HOUR_MS)
    assert figures["time_in_market"] == 1.0
    assert figures["max_position"] == {"Sim BTCUSDT": 10.0}


def test_time_in_market_is_the_union_over_markets() -> None:
    of = msgspec.structs.replace(
        records(
            LINEAR,
            [100.0] * 4,
            fills=[
                fill(0, LINEAR, "Buy", 1, 100.0, 1),
                fill(HOUR_MS // 2, SPOT, "Buy", 1, 100.0, 1),
                fill(HOUR_MS, LINEAR, "Sell", 1, 100.0, 0),
                fill(3 * HOUR_MS // 2, SPOT, "Sell", 1, 100.0, 0),
            ],
        ),
        instruments=[LINEAR, SPOT],
    )
    assert measured(of)["time_in_market"] == pytest.approx(0.5)


def test_fees_and_funding_are_summed_at_the_price_of_their_time() -> None:
    ledger = [
        entry(0, "XBT", 1.0, "deposit"),
        entry(HOUR_MS, "XBT", -0.001, "fee"),
        entry(2 * HOUR_MS, "XBT", -0.001, "fee"),
        entry(2 * HOUR_MS, "XBT", 0.002, "funding"),
    ]
    figures = measured(records(INVERSE, [10_000.0, 10_000.0, 20_000.0, 20_000.0], ledger=ledger))
    assert figures["fees"] == pytest.approx(30.0)
    assert figures["fees_by_asset"] == {"XBT": pytest.approx(0.002)}
    assert figures["funding"] == pytest.approx(40.0)
    assert figures["net_pnl"] == pytest.approx(0.0)


def test_orders_are_counted_by_what_became_of_them() -> None:
    orders = [
        order("Filled", 10, 10, changes=2),
        order("Canceled", 10, 5),
        order("Canceled", 20, 0),
        order("Rejected", 99, 0),
    ]
    figures = measured(records(LINEAR, [100.0] * 4, orders=orders, fills=[fill(0, LINEAR, "Buy", 10, 100.0, 10)]))
    assert (figures["orders"], figures["cancels"], figures["amendments"], figures["rejected"]) == (4, 2, 2, 1)
    assert figures["fill_ratio"] == pytest.approx(2 / 3)
    assert figures["fill_ratio_by_size"] == pytest.approx(15 / 40)
    assert figures["order_to_trade"] == 7.0
    assert figures["maker_share"] == 1.0


def test_exposure_is_the_positions_value_over_the_worth() -> None:
    of = records(
        LINEAR,
        [100.0, 100.0, 100.0, 200.0],
        ledger=[entry(0, "USDT", 1000.0, "deposit")],
        fills=[fill(HOUR_MS, LINEAR, "Sell", 50, 100.0, -50)],
    )
    figures = measured(of)
    assert figures["max_exposure"] == 1000.0
    assert figures["exposure"]["max"] == pytest.approx(1000.0 / 500.0)
    assert figures["exposure"]["average"] == pytest.approx((0 + 0.5 + 0.5 + 2.0) / 4)


def test_days_are_utc_and_add_up_to_the_net_pnl() -> None:
    times = [DAY_MS // 2, DAY_MS, DAY_MS + 1, 3 * DAY_MS]
    ledger = [entry(time, "USDT", amount, "pnl") for time, amount in zip(times, (1.0, 2.0, 4.0, 8.0), strict=True)]
    figures = measured(records(LINEAR, [100.0] * 4, times=times, ledger=ledger))
    assert figures["pnl_by_day"] == {"1970-01-01": 3.0, "1970-01-02": 4.0, "1970-01-03": 8.0}
    assert figures["net_pnl"] == 15.0


def test_every_figure_is_documented() -> None:
    definitions = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in measured(records(LINEAR, [100.0] * 4)) if f"`{name}`" not in definitions] == []


def test_figures_are_json() -> None:
    of = records(LINEAR, [100.0] * 4, fills=[fill(0, LINEAR, "Buy", 10, 100.0, 10)])
    worth = equity(of)
    assert msgspec.json.decode(msgspec.json.encode(metrics(of, worth))) == metrics(of, worth)
    assert msgspec.json.decode(msgspec.json.encode(worth), type=Equity) == worth
