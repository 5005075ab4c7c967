import linecache
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import ticklink
from tests.bot.host import MemoryHost
from ticklink.bot.hooks import Route
from ticklink.bot.link import Link
from ticklink.bot.loader import LoadedBot, bot_traceback, load
from ticklink.model.errors import LoadError

LoadSource = Callable[[str | bytes], LoadedBot]

BOT = "from ticklink import Link\n\nclass Trading(Link):\n    pass\n"


def refusal(load_source: LoadSource, text: str | bytes) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load_source(text)
    return caught.value


@pytest.mark.parametrize("name", ["Trading", "Signals"])
@pytest.mark.parametrize("package", ["ticklink", "profitview"])
def test_a_bot_class_is_found_and_bound_to_its_host(
    load_source: LoadSource, host: MemoryHost, name: str, package: str
) -> None:
    loaded = load_source(f"from {package} import Link\nclass {name}(Link):\n    pass\n")
    bot = loaded.bot_class()
    assert loaded.bot_class.__name__ == name
    assert host.attached == [bot]
    assert bot.epoch_now == 1_696_016_546_768


def test_the_class_link_itself_stays_without_a_host(load_source: LoadSource) -> None:
    load_source(BOT)
    assert Link._ticklink_host is None


def test_profitview_gives_the_same_objects_as_ticklink(load_source: LoadSource) -> None:
    loaded = load_source(
        "import profitview, ticklink\n"
        "from profitview import Link, http, cron, logger\n"
        "from profitview.link import Link as Link2\n"
        "from profitview.http import route\n"
        "from profitview.cron import run, start\n"
        "SAME = [profitview.Link is ticklink.Link is Link is Link2, profitview.http is ticklink.http is http,\n"
        "        profitview.cron is ticklink.cron is cron, logger is ticklink.logger, route == http.route]\n"
        "class Trading(profitview.Link):\n    pass\n"
    )
    assert loaded.module.SAME == [True] * 5


def test_every_loaded_bot_has_a_cron_of_its_own(load_source: LoadSource) -> None:
    text = "from profitview import Link, cron\nclass Trading(Link):\n    pass\n"
    first = load_source(text + "cron.options['auto_start'] = False\n")
    second = load_source(text)
    assert first.cron is not second.cron
    assert (first.cron.options, second.cron.options) == ({"auto_start": False}, {"auto_start": True})
    assert second.module.cron is second.cron is ticklink.cron


@pytest.mark.parametrize(
    "head",
    [
        "def __init__(self):\n        super().__init__()",
        "def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)",
        "def __init__(self):\n        Link.__init__(self)",
    ],
)
def test_a_bot_may_define_init_as_it_likes(load_source: LoadSource, host: MemoryHost, head: str) -> None:
    loaded = load_source(f"from ticklink import Link\nclass Trading(Link):\n    {head}\n        self.done = True\n")
    assert loaded.bot_class().done  # type: ignore[attr-defined]
    assert len(host.attached) == 1


def test_tabs_and_spaces_may_mix_a_tab_being_four_columns(load_source: LoadSource) -> None:
    text = (
        "from profitview import Link\n"
        "class Trading(Link):\n"
        "    TEXT = '''\n"
        "\tkept\n"
        "'''\n"
        "\tdef answer(self):\n"
        "        if True:  # it's a quote in a comment\n"
        "\t\t\tx = 40\n"
        "            return x + 2\n"
        "  \tOTHER = 'a\\\n\tb'\n"
    )
    bot = load_source(text).bot_class
    assert bot.TEXT == "\n\tkept\n"  # type: ignore[attr-defined]
    assert bot.OTHER == "a\tb"  # type: ignore[attr-defined]
    assert bot().answer() == 42  # type: ignore[attr-defined]


def test_byte_order_mark_line_ends_and_declared_encodings_are_taken(load_source: LoadSource) -> None:
    windows = BOT.replace("\n", "\r\n").encode("utf-8-sig")
    assert load_source(windows).bot_class.__name__ == "Trading"
    latin = ("# -*- coding: latin-1 -*-\nNAME = 'Zürich'\n" + BOT).encode("latin-1")
    assert load_source(latin).module.NAME == "Zürich"


def test_my_is_imported_from_the_workspace_tabs_and_all(load_source: LoadSource, tmp_path: Path) -> None:
    package = tmp_path / "my" / "deep"
    package.mkdir(parents=True)
    (tmp_path / "my" / "__init__.py").write_text("")
    (package / "maths.py").write_text("def double(x):\n\tif x:\n        return 2 * x\n")
    loaded = load_source("from my.deep.maths import double\nVALUE = double(4)\n" + BOT)
    assert loaded.module.VALUE == 8


def test_my_is_imported_anew_with_each_load_and_from_its_own_workspace(host: MemoryHost, tmp_path: Path) -> None:
    values = []
    for name in ("one", "two"):
        (tmp_path / name / "my").mkdir(parents=True)
        (tmp_path / name / "my" / "settings.py").write_text(f"VALUE = {name!r}")
        (tmp_path / name / "bot.py").write_text("from my.settings import VALUE\n" + BOT)
        values.append(load(tmp_path / name / "bot.py", host).module.VALUE)
    assert values == ["one", "two"]


def test_a_module_beside_the_bot_does_not_stand_in_for_an_installed_one(
    load_source: LoadSource, tmp_path: Path
) -> None:
    (tmp_path / "colorsys.py").write_text("raise RuntimeError('the wrong one')")
    (tmp_path / "beside.py").write_text("VALUE = 5")
    sys.modules.pop("colorsys", None)
    assert load_source("import colorsys\nfrom beside import VALUE\n" + BOT).module.VALUE == 5


def test_env_of_the_workspace_is_read_and_does_not_override(
    load_source: LoadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLINK_TEST_SET", "outside")
    (tmp_path / ".env").write_text("TICKLINK_TEST_SET=inside\nTICKLINK_TEST_NEW='a b'\n")
    text = "import os\nA, B = os.environ['TICKLINK_TEST_SET'], os.environ['TICKLINK_TEST_NEW']\n" + BOT
    module = load_source(text).module
    assert (module.A, module.B) == ("outside", "a b")


def test_an_env_file_that_is_no_text_is_an_error(load_source: LoadSource, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    assert ".env: cannot read it" in str(refusal(load_source, BOT))


def test_a_bot_works_in_a_directory_of_its_own_that_persists(load_source: LoadSource, tmp_path: Path) -> None:
    text = (
        "from pathlib import Path\n"
        "file = Path('state.txt')\n"
        "STATE = file.read_text() + 'x' if file.exists() else 'x'\n"
        "file.write_text(STATE)\n"
    ) + BOT
    assert load_source(text).module.STATE == "x"
    loaded = load_source(text)
    assert loaded.module.STATE == "xx"
    assert loaded.directory == tmp_path / ".ticklink" / "bot" == Path(os.getcwd())


def test_another_working_directory_may_be_given(host: MemoryHost, tmp_path: Path, unchanged_process: None) -> None:
    (tmp_path / "bot.py").write_text(BOT)
    os.chdir(tmp_path)
    loaded = load("bot.py", host, directory="elsewhere")
    assert loaded.directory == tmp_path / "elsewhere" == Path(os.getcwd())
    assert loaded.module.__file__ == str(tmp_path / "bot.py")


def test_a_working_directory_that_cannot_be_made_is_told(
    host: MemoryHost, tmp_path: Path, unchanged_process: None
) -> None:
    (tmp_path / "bot.py").write_text(BOT)
    with pytest.raises(LoadError, match="the bot's working directory cannot be used"):
        load(tmp_path / "bot.py", host, directory=tmp_path / "bot.py" / "inside")


def test_undecodable_text_in_my_tells_that_file(load_source: LoadSource, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "lib.py").write_bytes(b"\xff")
    assert refusal(load_source, "import my.lib\n" + BOT).file == str(tmp_path / "my" / "lib.py")


def test_what_only_the_compiler_sees_tells_its_line(load_source: LoadSource) -> None:
    error = refusal(load_source, "x = 1\nreturn x\n" + BOT)
    assert error.line == 2
    assert "'return' outside function" in str(error)


def test_routes_are_collected_by_name(load_source: LoadSource) -> None:
    loaded = load_source(
        "from profitview import Link, http\n"
        "class Trading(Link):\n"
        "    @http.route\n"
        "    def post_order(self, data):\n        return data\n"
        "    @http.route\n"
        "    def get_all_orders(self, data):\n        return data\n"
    )
    assert loaded.routes == [Route("GET", "all_orders", "get_all_orders"), Route("POST", "order", "post_order")]
    assert loaded.bot_class().post_order({"a": 1}) == {"a": 1}  # type: ignore[attr-defined]


def test_a_route_of_another_name_is_an_error_with_its_line(load_source: LoadSource) -> None:
    error = refusal(
        load_source,
        "from ticklink import Link, http\nclass Trading(Link):\n    @http.route\n    def orders(self, data):\n        pass\n",
    )
    assert error.line == 3
    assert "@http.route is on orders, but a route is named get_<name> or post_<name>" in str(error)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("class trading(Link):\n    pass", 2, "found instead: class trading(Link)"),
        ("class Grid(Link):\n    pass", 2, "found instead: class Grid(Link)\n  hint: rename it: class Trading(Link)"),
        ("class Trading:\n    pass", 2, "class Trading() does not derive from Link"),
        ("class Trading(dict):\n    pass", 2, "class Trading(dict) does not derive from Link"),
        ("def f():\n    class Trading(Link):\n        pass", 3, "class Trading(Link) is not at the top level"),
        ("class A:\n    pass\nclass B:\n    pass", None, "found instead: class A, B"),
        ("x = 1", None, "there is no class in it"),
    ],
)
def test_a_file_without_a_bot_says_what_was_found(
    load_source: LoadSource, text: str, line: int | None, part: str
) -> None:
    error = refusal(load_source, f"from ticklink import Link\n{text}\n")
    assert part in str(error)
    assert error.line == line
    assert error.file.endswith("bot.py")


def test_a_syntax_error_tells_file_and_line(load_source: LoadSource) -> None:
    error = refusal(load_source, "x = 1\ndef f(:\n    pass\n")
    assert error.line == 2
    assert "bot.py:2: SyntaxError: invalid syntax\n    def f(:" in str(error)


def test_a_syntax_error_in_my_tells_that_file(load_source: LoadSource, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "lib.py").write_text("\n\ny = = 2\n")
    error = refusal(load_source, "import my.lib\n" + BOT)
    assert error.file == str(tmp_path / "my" / "lib.py")
    assert error.line == 3


def test_a_missing_module_comes_with_the_name_to_install(load_source: LoadSource) -> None:
    error = refusal(load_source, "\nimport not_there_at_all\n" + BOT)
    assert error.line == 2
    assert "ModuleNotFoundError: No module named 'not_there_at_all'" in str(error)
    assert error.hint.endswith("pip install not_there_at_all")


def test_a_missing_module_of_my_tells_where_it_was_looked_for(load_source: LoadSource, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    error = refusal(load_source, "from my.lib import f\n" + BOT)
    assert str(tmp_path / "my" / "lib.py") in error.hint


def test_a_missing_name_of_the_bot_api_tells_what_there_is(load_source: LoadSource) -> None:
    error = refusal(load_source, "from profitview import Link, webhook\n")
    assert error.hint == "`from profitview import ...` gives Link, http, cron and logger"


def test_a_missing_environment_variable_points_to_env(load_source: LoadSource, tmp_path: Path) -> None:
    error = refusal(load_source, "import os\nKEY = os.environ['NOT_SET_ANYWHERE']\n" + BOT)
    assert error.line == 2
    assert error.hint == f"set NOT_SET_ANYWHERE in the environment or in {tmp_path / '.env'}"


def test_an_exception_at_import_shows_the_bots_frames_only(load_source: LoadSource, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "lib.py").write_text("import json\n\ndef f():\n\treturn json.loads('{')\n")
    error = refusal(load_source, "from my.lib import f\nf()\n" + BOT)
    text = str(error)
    assert error.line == 2
    assert "JSONDecodeError" in text
    assert f'File "{tmp_path}/my/lib.py", line 4, in f' in text
    assert "return json.loads('{')" in text
    assert "importlib" not in text
    assert "decoder.py" not in text
    assert "ticklink/bot/loader.py" not in text


@pytest.mark.parametrize("ending", ["import sys; sys.exit(3)", "raise SystemExit", "raise Exception('no')"])
def test_a_bot_that_ends_at_import_is_a_load_error(load_source: LoadSource, ending: str) -> None:
    assert refusal(load_source, BOT + ending).line == 5


def test_a_file_that_is_missing_or_a_folder_or_not_utf8_is_a_load_error(host: MemoryHost, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="No such file"):
        load(tmp_path / "nothing.py", host)
    with pytest.raises(LoadError, match="Is a directory"):
        load(tmp_path, host)
    (tmp_path / "bad.py").write_bytes(b"x = '\xff'")
    with pytest.raises(LoadError, match="cannot decode the file"):
        load(tmp_path / "bad.py", host)


def test_tracebacks_show_the_source_as_it_was_loaded(load_source: LoadSource, tmp_path: Path) -> None:
    loaded = load_source("from ticklink import Link\nclass Trading(Link):\n\tdef go(self):\n\t\treturn 1 / 0\n")
    (tmp_path / "bot.py").write_text("edited since\n")
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as caught:
        loaded.bot_class().go()  # type: ignore[attr-defined]
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (str(tmp_path / "bot.py"), 4, "return 1 / 0")
    text = bot_traceback(caught.value, tmp_path)
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.count("File ") == 1
    assert text.endswith("ZeroDivisionError: division by zero\n")
