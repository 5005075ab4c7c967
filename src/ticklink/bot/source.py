"""Source: a bot file as text that Python accepts, whatever editor wrote it, and what is wrong with it otherwise."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

from ticklink.model.errors import LoadError

TAB_COLUMNS = 4
BOT_CLASSES = ("Trading", "Signals")
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
"""What Python's compiler raises, depending on the source."""

MULTILINE = re.compile(
    r"""
    \#[^\n]*                                        # a comment, in which quotes mean nothing
    | '''(?:\\.|[^\\])*?(?:'''|\Z) | \"""(?:\\.|[^\\])*?(?:\"""|\Z)
    | '(?:\\.|[^'\\\n])*'?         | "(?:\\.|[^"\\\n])*"?
    """,
    re.VERBOSE | re.DOTALL,
)


def read(file: Path) -> str:
    """A source file's text: decoded as it declares, line ends as \\n, tabs in its indentation as 4 columns each."""
    try:
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        raise LoadError(f"cannot read the file: {getattr(error, 'strerror', None) or error}", file=str(file)) from None
    try:
        return expand_tabs(decode(data))
    except (SyntaxError, LookupError, UnicodeError) as error:
        hint = "save it as UTF-8, or declare its encoding in its first line"
        raise LoadError(f"cannot decode the file: {error}", file=str(file), hint=hint) from None


def decode(data: bytes) -> str:
    """As Python decodes source: a byte order mark or a coding comment, else UTF-8."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def expand_tabs(text: str) -> str:
    """Tabs in the indentation as columns of 4. Strings over several lines keep theirs; line numbers stay."""
    if "\t" not in text:
        return text
    kept = set(_lines_within_strings(text))
    lines = text.split("\n")
    return "\n".join(line if number in kept else _expanded(line) for number, line in enumerate(lines))


def parse(text: str, file: str) -> ast.Module:
    """The syntax tree. LoadError says where it is wrong."""
    try:
        return ast.parse(text, file)
    except UNREADABLE as error:
        raise unreadable(error, file) from None


def unreadable(error: BaseException, file: str) -> LoadError:
    """A LoadError for what the compiler raised."""
    if not isinstance(error, SyntaxError):
        reason = str(error) or "it is nested too deeply"
        return LoadError(f"Python cannot read it: {reason}", file=file)
    line = f"\n    {error.text.strip()}" if error.text and error.text.strip() else ""
    return LoadError(f"{type(error).__name__}: {error.msg}{line}", file=error.filename or file, line=error.lineno)


def no_bot_class(tree: ast.Module, file: str) -> LoadError:
    """Why a file that defines no bot defines none: what was found instead."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    near = _nearest(classes)
    hint = "a bot is a class Trading(Link), with `from ticklink import Link` above it"
    if near is None:
        names = ", ".join(node.name for node in classes)
        found = f"found instead: class {names}" if names else "there is no class in it"
        return LoadError(f"there is no class Trading(Link); {found}", file=file, hint=hint)
    head = f"class {near.name}({', '.join(map(ast.unparse, near.bases))})"
    if near.name not in BOT_CLASSES:
        hint = f"rename it: class Trading({', '.join(map(ast.unparse, near.bases)) or 'Link'})"
        return LoadError(
            f"there is no class Trading(Link); found instead: {head}", file=file, line=near.lineno, hint=hint
        )
    nested = near not in tree.body
    reason = "is not at the top level of the file" if nested else "does not derive from Link"
    return LoadError(f"{head} {reason}", file=file, line=near.lineno, hint=hint)


def _nearest(classes: list[ast.ClassDef]) -> ast.ClassDef | None:
    """The class that was probably meant as the bot: by name, by name but for its spelling, by what it derives from."""
    wanted = {name.lower() for name in BOT_CLASSES}
    tests: tuple[Callable[[ast.ClassDef], bool], ...] = (
        lambda node: node.name in BOT_CLASSES,
        lambda node: node.name.lower().strip("_") in wanted,
        lambda node: any(ast.unparse(base).split(".")[-1] == "Link" for base in node.bases),
    )
    return next((node for test in tests for node in classes if test(node)), None)


def _lines_within_strings(text: str) -> Iterator[int]:
    """The numbers (from 0) of lines that begin inside a string."""
    line = position = 0
    for match in MULTILINE.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        yield from range(line + 1, line + 1 + match[0].count("\n"))


def _expanded(line: str) -> str:
    body = line.lstrip(" \t\f")
    return line[: len(line) - len(body)].expandtabs(TAB_COLUMNS) + body
