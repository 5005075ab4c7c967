import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ticklink.bot.checking import check
from ticklink.bot.inspection import FoundJob, FoundRoute, Inspection, inspect
from ticklink.bot.template import template
from ticklink.bot.usage import Endpoint
from ticklink.model.errors import LoadError

Inspect = Callable[[str], Inspection]


@pytest.fixture
def inspect_source(tmp_path: Path) -> Inspect:
    def inspect_it(text: str) -> Inspection:
        (tmp_path / "bot.py").write_text(text)
        return inspect(tmp_path / "bot.py")

    return inspect_it


def bot(body: str, head: str = "") -> str:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    return f"from profitview import Link, http, cron, logger\n{head}class Trading(Link):\n{indented}    pass\n"


def messages(remarks: object) -> list[str]:
    assert isinstance(remarks, list)
    return [remark.message for remark in remarks]


def test_the_template_bot_in_full(inspect_source: Inspect) -> None:
    found = inspect_source(template())
    assert (found.ok, found.reason, found.bot_class) == (True, None, "Trading")
    assert found.callbacks == [
        "on_start",
        "quote_update",
        "trade_update",
        "candle_update_1m",
        "order_update",
        "fill_update",
        "position_update",
    ]
    assert [(route.http_method, route.name) for route in found.routes] == [("GET", "state")]
    assert [(job.handler, job.schedule) for job in found.jobs] == [("report", "on='1h'")]
    assert (found.venues, found.srcs, found.symbols) == (["BitMEX"], ["bitmex"], ["XBTUSD"])
    assert (found.errors, found.warnings, found.missing_imports) == ([], [], [])


def test_the_bot_is_not_run(inspect_source: Inspect, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    assert inspect_source(bot("", head=f"open({str(mark)!r}, 'w')\n")).ok
    assert not mark.exists()


@pytest.mark.parametrize(
    "head",
    [
        "from ticklink import Link as L\nclass Trading(L): pass\n",
        "import profitview as pv\nclass Trading(pv.Link): pass\n",
        "import ticklink\nclass Base(ticklink.Link): pass\nclass Signals(Base): pass\n",
        "from profitview.link import Link\nclass Trading(Link): pass\n",
        "from my.base import Base\nclass Trading(Base): pass\n",
        "from my.base import Trading\n",
        "from ticklink import Link\nclass Grid(Link): pass\nTrading = Grid\n",
        "from ticklink import Link\nif True:\n    class Trading(Link): pass\n",
    ],
)
def test_the_class_is_found_however_it_is_written(inspect_source: Inspect, tmp_path: Path, head: str) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "base.py").write_text(
        "from ticklink import Link\nclass Base(Link): pass\nclass Trading(Base): pass\n"
    )
    assert inspect_source(head).bot_class in ("Trading", "Signals", "Grid")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("class trading(Link): pass", "found instead: class trading(Link)"),
        ("class Trading(dict): pass", "class Trading(dict) does not derive from Link"),
        ("class Trading(Trading): pass", "class Trading(Trading) does not derive from Link"),
        ("x = 1", "there is no class in it"),
        ("def f(:", "SyntaxError"),
        ("return 5", "'return' outside function"),
        ("class Trading(Link):\n\tdef f(self):\n\t\tx = (", "SyntaxError"),
    ],
)
def test_a_file_without_a_bot_is_a_load_error(inspect_source: Inspect, text: str, part: str) -> None:
    with pytest.raises(LoadError, match=part.replace("(", r"\(").replace(")", r"\)")):
        inspect_source(f"from ticklink import Link\n{text}\n")


def test_tabs_and_spaces_may_mix(inspect_source: Inspect) -> None:
    found = inspect_source(
        "from ticklink import Link\nclass Trading(Link):\n\tdef on_start(self):\n        self.cancel_order('V')\n"
    )
    assert found.venues == ["V"]


def test_venues_and_symbols_are_told_through_constants(inspect_source: Inspect) -> None:
    found = inspect_source(
        bot(
            """
VENUES = ["BitMEX", "WooPaper"]
sym: str = 'ETHUSD'
def __init__(self):
    self.hedge = HEDGE["sym"]
    super().__init__()
def on_start(self, late='LATE'):
    for venue in self.VENUES:
        self.create_market_order(venue, Trading.sym, side='Buy', size=1)
    self.cancel_order(CONFIG['venue'], sym=self.hedge)
    self.fetch_positions(late if late else 'OTHER')
    for v, s in PAIRS:
        self.fetch_candles(v, s)
    for v, s in {'KeyVenue': 'VALUE'}.items():
        self.fetch_candles(v, sym=s)
    for i, (v) in enumerate(['E']):
        self.fetch_balances(v)
    for z, s in zip(['Z'], NESTED['a']):
        self.fetch_candles(z, s)
    self.amend_order(venue=f'{late}', order_id='x', size=1)
    self.last_quote('bitmex', 'LQ'); self.quotes['woo']['PLACE']; self.venues['Named']
    other.signal('no', 'no'); self.signal('coinbasepro', 'SIG', size=1)
def quote_update(self, src, sym, data):
    if src == 'binance' and sym in ('A', 'B') and sym not in EXCLUDED:
        pass
def fill_update(self, src, sym, data):
    if data['venue'] == 'FillVenue' or data.get('sym') != 'C':
        pass
@http.route
def get_orders(self, data):
    return self.fetch_open_orders(data.get('venue', 'Default'))
""",
            head="CONFIG = {'venue': 'Configured', 'else': 'Not'}\nHEDGE = {'sym': 'HDG'}\nEXCLUDED = {'X'}\n"
            "NESTED = {'a': ['N1', 'N2'], 'b': ['N3']}\n"
            "PAIRS = [('P1', 'S1'), ('P2', 'S2')]\n",
        )
    )
    assert found.venues == sorted(
        [
            "BitMEX",
            "WooPaper",
            "Configured",
            "LATE",
            "OTHER",
            "P1",
            "P2",
            "KeyVenue",
            "FillVenue",
            "Default",
            "Named",
            "E",
            "Z",
        ]
    )
    assert found.srcs == ["binance", "bitmex", "coinbasepro", "woo"]
    assert found.symbols == sorted(
        ["ETHUSD", "HDG", "S1", "S2", "VALUE", "LQ", "PLACE", "SIG", "A", "B", "X", "C", "N1", "N2"]
    )


@pytest.mark.parametrize(
    ("expression", "venues"),
    [
        ("V or 'B'", ["A", "B"]),
        ("(w := 'B')", ["B"]),
        ("sorted(VS)[0]", []),
        ("VS[0]", ["A"]),
        ("VS[5]", ["A", "B"]),
        ("VS[i]", ["A", "B"]),
        ("D['x']", ["A"]),
        ("D[k]", ["A", "B"]),
        ("ROWS[1]['name']", ["B"]),
        ("V.strip()", ["A"]),
        ("str(V)", ["A"]),
        ("random.choice(VS)", []),
        ("make()[0]", []),
        ("(lambda: V)()", []),
        ("5", []),
        ("None", []),
    ],
)
def test_an_expression_stands_for_its_strings(inspect_source: Inspect, expression: str, venues: list[str]) -> None:
    head = "V = 'A'\nVS = [V, 'B']\nD = {'x': 'A', 'y': 'B'}\nROWS = [{'name': 'A'}, {'name': 'B'}]\n"
    assert inspect_source(bot(f"def on_start(self):\n    self.fetch_positions({expression})", head)).venues == venues


@pytest.mark.parametrize(
    ("loop", "venues"),
    [
        ("for v in D.values():", ["A", "B"]),
        ("for v in D.keys():", ["x", "y"]),
        ("for v in D:", ["x", "y"]),
        ("for v in [*VS, 'C']:", ["A", "B", "C"]),
        ("for v in reversed(VS):", ["A", "B"]),
        ("for v in self.venues:", []),
    ],
)
def test_a_loop_binds_what_it_runs_over(inspect_source: Inspect, loop: str, venues: list[str]) -> None:
    head = "VS = ['A', 'B']\nD = {'x': 'A', 'y': 'B'}\n"
    body = f"def on_start(self):\n    {loop}\n        self.fetch_positions(v)"
    assert inspect_source(bot(body, head)).venues == venues


@pytest.mark.parametrize(
    ("every", "schedule"),
    [("60 * 60", "3600"), ("HOUR", "3600"), ("HOUR * later", "HOUR * later"), ("A", "A"), ("0.5", "0.5")],
)
def test_an_interval_is_told_where_it_can_be(inspect_source: Inspect, every: str, schedule: str) -> None:
    head = "HOUR = 60 * 60\nA = B\nB = A\n"
    found = inspect_source(bot(f"@cron.run({every})\ndef x(self): pass", head))
    assert (found.ok, [job.schedule for job in found.jobs]) == (True, [f"every={schedule}"])


def test_names_of_one_method_do_not_leak_into_another(inspect_source: Inspect) -> None:
    found = inspect_source(bot("def a(self):\n    x = 'greeting'\ndef b(self, x):\n    self.fetch_positions(x)"))
    assert found.venues == []


def test_names_that_lead_in_a_circle_end(inspect_source: Inspect) -> None:
    assert inspect_source(bot("a = b\nb = a\ndef f(self):\n    self.fetch_positions(self.a)")).venues == []


def test_native_calls_are_listed(inspect_source: Inspect) -> None:
    found = inspect_source(
        bot(
            "def on_start(self):\n"
            "    self.call_endpoint('BitMEX', 'order', 'private', method='POST', params={})\n"
            "    self.call_endpoint('BitMEX', PATH, 'public')\n"
            "    self.call_endpoint('BitMEX', f'v1/{self.x}', version='public')",
            head="PATH = 'trade/bucketed'\n",
        )
    )
    assert found.endpoints == [
        Endpoint("POST", "order", "private", 5),
        Endpoint("GET", "trade/bucketed", "public", 6),
        Endpoint("GET", "f'v1/{self.x}'", "public", 7),
    ]


def test_routes_and_jobs_are_listed(inspect_source: Inspect) -> None:
    found = inspect_source(
        "from ticklink import Link, http as web, cron\n"
        "from ticklink import cron as clock\n"
        "HOUR = 60 * 60\n"
        "class Trading(Link):\n"
        "    @web.route\n"
        "    def post_x(self, data): pass\n"
        "    @cron.run(every=HOUR)\n"
        "    def a(self): pass\n"
        "    @clock.run(expr='0 9 * * *')\n"
        "    def b(self): pass\n"
        "    @cron.run(every=later())\n"
        "    def c(self): pass\n"
        "    def get_y(self, data): pass\n"
    )
    assert found.ok
    assert found.routes == [FoundRoute("POST", "x", 6)]
    assert found.jobs == [
        FoundJob("a", "every=3600", 8),
        FoundJob("b", "expr='0 9 * * *'", 10),
        FoundJob("c", "every=later()", 12),
    ]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("@http.route\ndef orders(self, data): pass", 3, "@http.route is on orders, but a route is named get_<name>"),
        ("@http.route\ndef get_x(self): pass", 4, "@http.route: get_x has to take (self, data)"),
        ("@http.route('/x')\ndef get_x(self, data): pass", 3, "@http.route takes no arguments"),
        ("@cron.run\ndef x(self): pass", 3, "@cron.run needs a schedule"),
        ("@cron.run()\ndef x(self): pass", 3, "takes exactly one of every=<seconds>, on='<level>'"),
        ("@cron.run(every=1, on='1m')\ndef x(self): pass", 3, "given: every, on"),
        ("@cron.run(every=-1)\ndef x(self): pass", 3, "every is a number of seconds, at least 0.001, not -1"),
        ("@cron.run(on='7m')\ndef x(self): pass", 3, "unknown candle level '7m'"),
        ("@cron.run(expr='61 * * * *')\ndef x(self): pass", 3, "Bad minute"),
        ("@cron.run(seconds=5)\ndef x(self): pass", 3, "cron.run takes every, on or expr, not seconds"),
        ("@cron.run(every=5)\ndef x(self, data): pass", 4, "@cron.run: x has to take (self)"),
    ],
)
def test_what_makes_loading_fail_is_an_error(inspect_source: Inspect, body: str, line: int, message: str) -> None:
    found = inspect_source(bot(body))
    assert not found.ok
    assert found.errors[0].line == line
    assert message in found.errors[0].message
    assert found.reason is not None
    assert f"bot.py:{line}: " in found.reason


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def quote_update(self, sym, data): pass", "quote_update will be called with (self, src, sym, data)"),
        ("def on_start(self, data): pass", "on_start will be called with (self), which it cannot take"),
        ("def candle_update_1m(self, bars): pass", "candle_update_1m will be called with (self, src, sym, bars)"),
        ("def fill_update(self, src, sym, data, *, key): pass", "fill_update will be called with"),
        ("async def trade_update(self, src, sym, data): pass", "trade_update is async"),
        ("def candle_update_7m(self, src, sym, bars): pass", "there is no level '7m'; there are 1m, 3m"),
        ("def on_quote(self, src, sym, data): pass", "did you mean quote_update?"),
        ("def quote_updated(self, src, sym, data): pass", "did you mean quote_update?"),
        ("def onTrade(self, src, sym, data): pass", "did you mean trade_update?"),
        ("def fills_update(self, src, sym, data): pass", "did you mean fill_update?"),
        ("def handle_order(self, src, sym, data): pass", "did you mean order_update?"),
        ("def postion_update(self, src, sym, data): pass", "did you mean position_update?"),
        ("def on_candle(self, src, sym, bars): pass", "did you mean candle_update_1m?"),
        ("def onstart(self): pass", "did you mean on_start?"),
        ("def __init__(self):\n    self.x = 1", "__init__ does not call super().__init__()"),
        ("def on_start(self):\n    self.fetch_candles('V', 'S', '7m')", "there is no level '7m'"),
        ("def on_start(self):\n    self.create_market_order('V', 'S', 'buy', 1)", "there is no side 'buy'"),
        ("X = '\\d'", "invalid escape sequence"),
    ],
)
def test_what_will_not_work_as_meant_is_a_warning(inspect_source: Inspect, body: str, message: str) -> None:
    found = inspect_source(bot(body))
    assert found.ok
    (warning,) = found.warnings
    assert message in warning.message
    assert warning.line >= 3


@pytest.mark.parametrize(
    "body",
    [
        "def quote_update(self, src, sym, data, extra=None): pass",
        "def quote_update(self, *args): pass",
        "@staticmethod\ndef quote_update(src, sym, data): pass",
        "def update_orders(self): pass\ndef on_start(self):\n    self.update_orders()",
        "def order_size(self): pass",
        "def position(self): pass",
        "def on_start(self): pass\ndef start(self): pass",
        "def __init__(self):\n    Link.__init__(self)",
        "def __init__(self, *args, **kwargs):\n    super().__init__(*args, **kwargs)",
    ],
)
def test_what_works_is_no_warning(inspect_source: Inspect, body: str) -> None:
    assert inspect_source(bot(body)).warnings == []


def test_missing_modules_are_errors_unless_the_bot_may_do_without(inspect_source: Inspect) -> None:
    found = inspect_source(
        bot(
            "def f(self):\n    import not_here_three",
            head="import os, json.decoder, numpy as np, not_here_one.x\n"
            "try:\n    import not_here_two\nexcept ImportError:\n    pass\n",
        )
    )
    assert [(missing.name, missing.line, missing.needed) for missing in found.missing_imports] == [
        ("not_here_one.x", 2, True),
        ("not_here_two", 4, False),
        ("not_here_three", 9, False),
    ]
    assert found.errors[0].message.startswith("cannot import not_here_one.x; install it where ticklink is installed")
    assert messages(found.warnings) == [
        "cannot import not_here_two (the bot may do without); "
        "install it where ticklink is installed: pip install not_here_two",
        "cannot import not_here_three (the bot may do without); "
        "install it where ticklink is installed: pip install not_here_three",
    ]


def test_my_is_followed(inspect_source: Inspect, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "__init__.py").write_text("NAME = 1\n")
    (tmp_path / "my" / "lib.py").write_text("import not_here\nfrom my import lib\nfrom my.lib import f\n")
    (tmp_path / "beside.py").write_text("")
    found = inspect_source(
        bot("", head="import beside\nfrom my.lib import f\nfrom my import lib, NAME, absent\nimport my.no\n")
    )
    assert [(missing.name, Path(missing.file).name) for missing in found.missing_imports] == [
        ("not_here", "lib.py"),
        ("my.absent", "bot.py"),
        ("my.no", "bot.py"),
    ]
    assert "it was looked for in" in found.missing_imports[2].hint


def test_names_imported_with_a_star_or_relatively_are_taken_on_trust(inspect_source: Inspect, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "__init__.py").write_text("from .lib import f\nfrom . import lib\n")
    (tmp_path / "my" / "lib.py").write_text("f = 1")
    assert inspect_source(bot("", head="from my import *\nfrom my import f\nfrom profitview import *\n")).ok


def test_my_that_is_no_python_is_a_load_error(inspect_source: Inspect, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "lib.py").write_text("x = = 1")
    with pytest.raises(LoadError, match=r"my/lib\.py:1: SyntaxError"):
        inspect_source(bot("", head="import my.lib\n"))


def test_names_the_bot_api_does_not_have_are_missing(inspect_source: Inspect) -> None:
    found = inspect_source(
        bot("", head="from profitview import webhook\nfrom ticklink.model.candles import LEVELS_MS\n")
    )
    assert [missing.name for missing in found.missing_imports] == ["profitview.webhook"]


def test_check_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_text(template().replace("def quote_update", "def on_quote"))
    assert check(tmp_path / "bot.py") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("bot           class Trading in ")
    assert "venues        BitMEX" in printed
    assert "webhooks      GET state" in printed
    assert "cron          report (on='1h')" in printed
    assert "native calls  -" in printed
    assert "on_quote is not a callback and nothing calls it; did you mean quote_update?" in printed[-2]
    assert printed[-1] == "The bot can be loaded."


def test_check_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_text(template())
    assert check(tmp_path / "bot.py", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["venues"], found["routes"][0]["name"]) == (True, ["BitMEX"], "state")


def test_check_fails_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_text("def f(:\n")
    assert check(tmp_path / "bot.py") == 1
    assert "The bot cannot be loaded." in capsys.readouterr().out
    assert check(tmp_path / "bot.py", as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["line"]) == (False, 1)
    assert "SyntaxError" in found["reason"]
    assert check(tmp_path / "none.py", as_json=True) == 1
    assert "No such file" in json.loads(capsys.readouterr().out)["reason"]


def test_neither_checking_nor_loading_waits_for_heavy_libraries() -> None:
    heavy = ("numpy", "pandas", "plotly", "pyarrow", "talib", "scipy", "sklearn", "requests", "asyncio", "rich")
    program = (
        "import sys, ticklink, ticklink.bot.checking, ticklink.bot.template, ticklink.bot.loader\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
