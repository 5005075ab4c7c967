"""What a report holds, read without a browser; tests/browser/test_report.py opens it in one."""

import json
import re
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pytest

from tests.backtest.sample_result import sample_result
from ticklink.backtest.figures import amount, duration, number, share, utc
from ticklink.backtest.report import embedded_json, render_report, write_report
from ticklink.backtest.report_data import page_data, pnl_by_period, resting
from ticklink.backtest.result import LogLine, Published, Result

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> &lt; \u2028"


@pytest.fixture(scope="module")
def result() -> Result:
    return sample_result()


@pytest.fixture(scope="module")
def page(result: Result) -> str:
    return render_report(result)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_report_is_one_file_that_refers_to_no_other(page: str) -> None:
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_every_fill_and_order_is_in_the_tables(page: str, result: Result) -> None:
    tables = data_of(page)["tables"]
    assert tables["fills"]["count"] == len(result.fills)
    assert tables["orders"]["count"] == len(result.orders)
    columns = {column["label"]: column["values"] for column in tables["fills"]["columns"]}
    assert columns["price"] == [fill.price for fill in result.fills]
    assert columns["order"] == [fill.order_id for fill in result.fills]


def test_what_is_the_same_in_every_row_is_said_once(page: str) -> None:
    fills = data_of(page)["tables"]["fills"]
    assert fills["constants"]["market"] == "XBTUSD"
    assert "market" not in [column["label"] for column in fills["columns"]]


def test_headline_figures_and_assumptions_are_text(page: str, result: Result) -> None:
    assert "Net P&amp;L" in page
    assert amount(result.metrics["net_pnl"], "USD") in page
    for name, value in result.assumptions.items():
        assert name.replace("'", "&#x27;") in page
        assert value in page


def test_what_a_bot_says_cannot_become_markup(result: Result) -> None:
    hostile = msgspec.structs.replace(
        result,
        run=msgspec.structs.replace(result.run, status="failed", reason=HOSTILE, traceback=HOSTILE, markets=[HOSTILE]),
        log=[LogLine(0, HOSTILE, HOSTILE)],
        published=[Published(0, HOSTILE, {HOSTILE: HOSTILE})],
        assumptions={HOSTILE: HOSTILE},
    )
    page = render_report(hostile)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("</script>") == 3
    log = data_of(page)["tables"]["log"]
    assert [column["values"] for column in log["columns"]][-1] == [HOSTILE]


def test_embedded_json_reads_back_as_what_it_was() -> None:
    assert json.loads(embedded_json({"text": HOSTILE})) == {"text": HOSTILE}
    assert "<" not in embedded_json({"text": HOSTILE})


def test_a_failed_run_shows_reason_and_traceback() -> None:
    page = render_report(sample_result(failed=True, step_ms=30_000))
    assert "The run failed" in page
    assert "ZeroDivisionError: division by zero" in page
    assert "Traceback (most recent call last)" in page


def test_a_run_in_which_nothing_happened_has_a_report(result: Result) -> None:
    empty = msgspec.structs.replace(
        result, orders=[], fills=[], ledger=[], prices=[], signals=[], published=[], log=[], metrics={}
    )
    page = render_report(empty)
    assert data_of(page)["tables"] == {}
    assert 'id="fills"' not in page


def test_an_amended_order_rests_at_each_of_its_prices(result: Result) -> None:
    order = msgspec.structs.replace(
        result.orders[0],
        price=100.0,
        created=10,
        closed=None,
        status="New",
        changes=[(20, 101.0, 5.0), (30, 101.0, 6.0)],
    )
    assert resting(order, 50) == [(10, 20, 100.0), (20, 50, 101.0)]
    assert resting(msgspec.structs.replace(order, price=None), 50) == []
    assert resting(msgspec.structs.replace(order, status="Rejected"), 50) == []


def test_periods_add_up_to_the_net_pnl(result: Result) -> None:
    periods = pnl_by_period(result)
    assert periods["length"] == 3_600_000
    assert sum(periods["pnl"]) == pytest.approx(result.metrics["net_pnl"])


def test_deposits_alone_are_drawn_only_when_their_price_moves(result: Result) -> None:
    worth = result.equity
    flat = msgspec.structs.replace(result, equity=msgspec.structs.replace(worth, pnl=[t - 5.0 for t in worth.total]))
    assert page_data(result)["held"]
    assert page_data(flat)["held"] == []


def test_a_large_run_is_written_in_time(tmp_path: Path) -> None:
    large = sample_result(spacing=15)
    assert len(large.fills) > 5_000
    assert len(large.orders) > 10_000
    start = perf_counter()
    write_report(large, tmp_path / "report.html")
    assert perf_counter() - start < 3
    assert (tmp_path / "report.html").stat().st_size < 8_000_000


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.0, "0.00 USD"), (-1234.5, "−1,234.50 USD"), (0.00012, "0.00012 USD")]
)
def test_amounts(value: float | None, text: str) -> None:
    assert amount(value, "USD") == text


def test_numbers_read_as_people_write_them() -> None:
    assert amount(0.5, "XBT") == "0.5 XBT"
    assert number(1234567.0) == "1,234,567"
    assert number(-0.001, digits=2) == "0.00"
    assert number(3.0, digits=2, signed=True) == "+3.00"
    assert (share(0.1234), share(-0.00123), share(0.0000042), share(0.0)) == (
        "12.3 %",
        "−0.12 %",
        "0.00042 %",
        "0.00 %",
    )
    assert (duration(93_784_000), duration(0), duration(1500.4)) == ("1 d 2 h", "0 s", "1 s 500 ms")
    assert utc(0) == "1970-01-01 00:00"
