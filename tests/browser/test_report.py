"""A report in a real browser: it opens offline, draws, sorts, filters, zooms and runs nothing that a bot wrote."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.backtest.sample_result import sample_result
from ticklink.backtest.report import write_report
from ticklink.backtest.result import LogLine, Published, Result

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs Chromium at {CHROMIUM}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def result() -> Result:
    sample = sample_result()
    return msgspec.structs.replace(
        sample,
        log=[*sample.log, LogLine(sample.run.to, "ERROR", HOSTILE)],
        published=[Published(sample.run.to, HOSTILE, {HOSTILE: HOSTILE})],
        fills=[msgspec.structs.replace(fill, order_id=f"<img src=x>{fill.order_id}") for fill in sample.fills],
    )


@pytest.fixture(scope="module")
def report(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(result, path)
    return path


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """Console errors, uncaught errors and requests of the page: none of them should be."""
    return []


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path, complaints: list[str]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, color_scheme="light")
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != report.as_uri() else None)
    page.context.set_offline(True)
    page.goto(report.as_uri())
    page.wait_for_selector("#chart[data-ready]")
    yield page
    page.close()


@pytest.fixture
def page(opened: Page) -> Page:
    """The one page, showing the whole run and every row."""
    opened.click("#spans >> text=All")
    opened.evaluate(
        """for (const field of document.querySelectorAll(".table input, .table select"))
             if (field.value) { field.value = ""; field.dispatchEvent(new Event("input")); }"""
    )
    expect(opened.locator(".state:not(:empty)")).to_have_count(0)
    return opened


def texts(page: Page, table: str, column: int) -> list[str]:
    return page.locator(f"#{table} tbody tr td:nth-child({column})").all_inner_texts()


def ranges(page: Page) -> list[list[float | str]]:
    found: list[list[float | str]] = page.evaluate("[view.range, chart._fullLayout.yaxis3.range]")
    return found


def test_it_opens_offline_without_a_request_or_a_complaint(page: Page, complaints: list[str]) -> None:
    assert page.title() == "Grid: backtest"
    assert complaints == []


def test_every_panel_is_drawn(page: Page, result: Result) -> None:
    titles = page.locator("#chart .annotation-text").all_text_contents()
    assert [title.split()[0] for title in titles] == ["Equity", "Drawdown", "bitmex", "Position", "P&L"]
    assert page.locator("#chart .scatterlayer .trace .js-line").count() >= 6
    assert page.locator("#chart .barlayer .point").count() == 24
    assert 0 < page.locator("#chart .scatterlayer .points path").count() <= 800
    assert f"of the {len(result.fills):,} fills" in page.locator("#drawn").inner_text()


def test_zooming_moves_every_panel_and_finds_every_fill(page: Page, result: Result) -> None:
    whole = ranges(page)
    page.click("#spans >> text=1h")
    near = ranges(page)
    assert near != whole
    (start, end), _ = near
    assert float(end) - float(start) == 3_600_000
    inside = [fill for fill in result.fills if float(start) <= fill.time <= float(end)]
    assert page.locator("#chart .scatterlayer .points path").count() == len(inside)
    assert page.locator("#drawn").inner_text() == ""
    page.click("#spans >> text=All")
    assert ranges(page) == whole


def test_dragging_across_one_panel_zooms_all(page: Page) -> None:
    box = page.locator("#chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 80, steps=4)
    page.mouse.up()
    expect(page.locator("#spans [aria-pressed=true]")).to_have_count(0)
    (start, end), _ = ranges(page)
    shown: list[str] = page.evaluate("chart._fullLayout.xaxis.range.map((time) => chart._fullLayout.xaxis.r2l(time))")
    assert shown == [pytest.approx(start, abs=1), pytest.approx(end, abs=1)]


def test_a_fill_says_its_price_and_order_and_nothing_in_it_is_markup(page: Page) -> None:
    page.click("#spans >> text=15m")
    page.locator("#chart .scatterlayer .points path").first.hover(force=True)
    page.wait_for_selector("#chart .hoverlayer .hovertext")
    said = page.locator("#chart .hoverlayer .hovertext").first.text_content() or ""
    assert "order <img src=x>" in said
    assert "P&L" in said


def test_a_column_sorts_both_ways(page: Page) -> None:
    header = page.locator("#fills th button", has_text="price")
    header.click()
    prices = [float(text.replace(",", "")) for text in texts(page, "fills", 3)]
    assert prices == sorted(prices)
    header.press("Enter")
    prices = [float(text.replace(",", "")) for text in texts(page, "fills", 3)]
    assert prices == sorted(prices, reverse=True)
    assert page.locator("#fills th[aria-sort=descending]").inner_text() == "price"


def test_filters_narrow_a_table(page: Page, result: Result) -> None:
    page.select_option("#fills select[aria-label='Filter side']", "Sell")
    page.fill("#fills input[aria-label='Filter position']", "> 20000")
    expected = [fill for fill in result.fills if fill.side == "Sell" and fill.position > 20_000]
    expect(page.locator("#fills .state")).to_have_text(f"{len(expected):,} of {len(result.fills):,} rows")
    assert set(texts(page, "fills", 2)) == {"Sell"}
    found = expected[-1].trade_id
    page.fill("#fills input[type=search]", found)
    expect(page.locator("#fills tbody tr")).to_have_count(len([one for one in expected if found in one.trade_id]))


def test_pages_turn_from_the_keyboard(page: Page) -> None:
    first = texts(page, "orders", 1)
    page.locator("#orders button[aria-label='Next page']").press("Enter")
    assert texts(page, "orders", 1) != first
    page.locator("#orders button[aria-label='Previous page']").press("Enter")
    assert texts(page, "orders", 1) == first


def test_a_time_in_a_table_shows_the_charts_there(page: Page) -> None:
    time = page.locator("#fills tbody td button").nth(20)
    chosen = datetime.fromisoformat(f"{time.inner_text()}+00:00").timestamp() * 1000
    time.click()
    (start, end), _ = ranges(page)
    assert float(start) <= chosen <= float(end)
    assert float(end) - float(start) == 3_600_000


def test_the_log_filters_by_level(page: Page) -> None:
    page.select_option("#log select[aria-label='Filter level']", "WARNING")
    expect(page.locator("#log tbody tr")).to_have_count(1)
    assert texts(page, "log", 3) == ["no position yet"]


def test_what_a_bot_wrote_is_inert_text(page: Page, complaints: list[str]) -> None:
    page.select_option("#log select[aria-label='Filter level']", "ERROR")
    expect(page.locator("#log tbody tr")).to_have_count(2)
    assert HOSTILE in texts(page, "log", 3)
    assert page.locator("img").count() == 0
    assert page.title() == "Grid: backtest"
    assert complaints == []


def test_the_theme_switches_and_follows_the_system(page: Page, browser: Browser, report: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.click("#theme")
    assert page.evaluate(background) != light
    dark = browser.new_page(color_scheme="dark")
    dark.goto(report.as_uri())
    assert dark.evaluate("document.documentElement.dataset.theme") == "dark"
    dark.close()


def test_a_phone_scrolls_only_downwards(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(report.as_uri())
    page.wait_for_selector("#chart[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
