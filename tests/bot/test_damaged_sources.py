"""Whatever a bot file holds, loading and checking it end in a bot or in a LoadError."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.bot.host import MemoryHost
from ticklink.bot import source
from ticklink.bot.inspection import Inspection, inspect
from ticklink.bot.loader import LoadedBot, load
from ticklink.bot.template import template
from ticklink.model.errors import LoadError

TEMPLATE = template()
BOT = b"from ticklink import Link\nclass Trading(Link): pass\n"
SNIPPETS = [
    "\t",
    "    ",
    "\n",
    "\\",
    '"""',
    "'",
    "(",
    ")",
    "@",
    "class ",
    "def ",
    "self",
    "\x00",
    "\ufeff",
    "é",
    "\r",
    "#",
    "lambda:",
]
edits = st.lists(
    st.tuples(st.integers(0, len(TEMPLATE)), st.integers(0, 40), st.sampled_from(["", *SNIPPETS])),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module", autouse=True)
def folder() -> Iterator[Path]:
    """One workspace for every example; the process is put back afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)
        os.chdir(before)


def edited(changes: list[tuple[int, int, str]]) -> str:
    text = TEMPLATE
    for place, length, snippet in changes:
        text = text[:place] + snippet + text[place + length :]
    return text


def outcome(load_it: Callable[[Path], object], file: Path) -> object:
    """What a file becomes: what it holds, or the LoadError that says why nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_it(file)
        except LoadError as error:
            return error


def survives(data: bytes, folder: Path) -> None:
    file = folder / "bot.py"
    file.write_bytes(data)
    checked, loaded = outcome(inspect, file), outcome(lambda file: load(file, MemoryHost()), file)
    assert isinstance(checked, Inspection | LoadError)
    assert isinstance(loaded, LoadedBot | LoadError)
    if isinstance(loaded, LoadError) and isinstance(loaded.__cause__, SyntaxError):
        assert isinstance(checked, LoadError)


@example(data=b"\x00")
@example(data=b"\xef\xbb\xbf\xff")
@example(data=b"# coding: rot13\nx")
@example(data=b"# coding: utf-7\n+ACE-")
@example(data=b"# coding: unicode_escape\n'\\ud800'")
@example(data=b"# coding: idna\n\xff")
@example(data=b"(" * 5000)
@example(data=b"-" * 100_000 + b"1")
@example(data=b"x = " + b"1+" * 20_000 + b"1")
@example(data=BOT + b"x = " + b"1+" * 700 + b"1")
@example(data=BOT + b"x = " + b"-" * 1900 + b"1")
@example(data=BOT + b"x = " + b"[" * 90 + b"]" * 90)
@example(data=b"'''" * 501 + b"\t\\")
@example(data=b"\tx\n  y")
@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes, folder: Path) -> None:
    survives(data, folder)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_any_text(text: str, folder: Path) -> None:
    survives(text.encode("utf-8", "surrogatepass"), folder)


@settings(max_examples=300, deadline=None)
@given(changes=edits)
def test_a_bot_with_parts_cut_out_and_put_in(changes: list[tuple[int, int, str]], folder: Path) -> None:
    survives(edited(changes).encode(), folder)


@settings(deadline=None)
@given(lines=st.lists(st.text(alphabet="\t ab'\"#\\()\n", max_size=12)))
def test_expanding_tabs_keeps_lines_and_all_but_the_indentation(lines: list[str]) -> None:
    text = "\n".join(lines)
    expanded = source.expand_tabs(text)
    assert expanded.count("\n") == text.count("\n")
    for before, after in zip(text.split("\n"), expanded.split("\n"), strict=True):
        assert after.lstrip(" \t") == before.lstrip(" \t")
    if not set("'\"") & set(text):
        assert not any("\t" in line[: len(line) - len(line.lstrip(" \t"))] for line in expanded.split("\n"))


@settings(deadline=None)
@given(
    depths=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    styles=st.lists(st.sampled_from(["\t", "    ", "  \t", "   \t"]), min_size=200, max_size=200),
)
def test_each_way_to_indent_by_four_columns_is_one_step(depths: list[int], styles: list[str]) -> None:
    rows, depth = [], 0
    for wanted in depths:
        depth = min(wanted, depth + 1)
        rows.append((depth, "if 1:"))
    rows = [row for depth, head in rows for row in ((depth, head), (depth + 1, "pass"))]
    spaced = "\n".join("    " * depth + head for depth, head in rows)
    pick = iter(styles * 10)
    mixed = "\n".join("".join(next(pick) for _ in range(depth)) + head for depth, head in rows)
    assert source.expand_tabs(mixed) == spaced
