"""The report of a backtest: one HTML file that opens offline, in any browser, with everything in it.

Its words come from `report_text`; charts and tables are drawn by its script from `report_data.page_data`. Everything that
a bot, a file name or a venue gave is escaped, and the page's content security policy forbids any script but its own and
any connection at all.
"""

import base64
import gzip
import hashlib
from importlib.resources import files
from pathlib import Path
from string import Template

import msgspec
from plotly.offline import get_plotlyjs

from ticklink.backtest.report_data import page_data
from ticklink.backtest.report_text import assumptions, cards, facts, failure, figures, header, notes, sections
from ticklink.backtest.result import Result

PAGE_FILES = ("report.css", "report_tables.js", "report_charts.js")


def write_report(result: Result, path: str | Path) -> None:
    """Write the report of a run to `path`. Raises OSError where that cannot be written."""
    Path(path).write_text(render_report(result), encoding="utf-8")


def render_report(result: Result) -> str:
    """The whole page."""
    data = embedded_json(page_data(result))
    style, tables, charts = (_page_file(name) for name in PAGE_FILES)
    return Template(_page_file("report.html")).substitute(
        nonce=hashlib.sha256(data.encode()).hexdigest()[:32],
        style=style,
        script=tables + charts,
        plotly=_plotly(),
        data=data,
        title=header(result).title,
        header=header(result).html,
        failure=failure(result),
        cards=cards(result),
        notes=notes(result),
        figures=figures(result),
        assumptions=assumptions(result),
        facts=facts(result),
        sections=sections(result),
    )


def embedded_json(value: object) -> str:
    """JSON that is safe inside a script element: nothing in it can end the element or begin a comment."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plotly() -> str:
    """The chart library, compressed: 4.8 MB become 2."""
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 6, mtime=0)).decode()


def _page_file(name: str) -> str:
    return files("ticklink.backtest").joinpath(name).read_text(encoding="utf-8")
