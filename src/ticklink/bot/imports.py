"""Imports: which modules a bot's source names that cannot be found, told without importing any."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

import ticklink
from ticklink.bot import source

PACKAGE = "my"
"""The package that the bots of a workspace share."""

OURS = ("ticklink", "profitview")

INSTALL_NAMES = {
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "talib": "TA-Lib",
    "yaml": "PyYAML",
}
"""Where the name to install is not the name to import."""


class MissingImport(msgspec.Struct, frozen=True):
    """A name that cannot be imported. `needed` is False where the bot can do without: in a function, or a `try`."""

    name: str
    file: str
    line: int
    needed: bool
    hint: str


def missing(tree: ast.Module, file: Path, seen: set[Path] | None = None) -> list[MissingImport]:
    """What a bot imports and what is not there, modules of `my` included, and what those import in turn.

    Raises LoadError for a module of `my` that is no Python.
    """
    seen = {file} if seen is None else seen
    root = next((parent.parent for parent in file.parents if parent.name == PACKAGE), file.parent)
    found = []
    for node, needed in _imports(tree, needed=True):
        for name in _names(node):
            if not _exists(name, node, root):
                found.append(MissingImport(name, str(file), node.lineno, needed, hint(name, root)))
            elif name.partition(".")[0] == PACKAGE:
                found += _missing_within(name, root, seen)
    return found


def hint(name: str, root: Path) -> str:
    """What to do where a module, or a name in it, cannot be imported."""
    top = name.partition(".")[0]
    if top == PACKAGE:
        return f"it was looked for in {root.joinpath(*name.split('.'))}.py and in the folder of that name"
    if top in OURS:
        return f"`from {top} import ...` gives Link, http, cron and logger"
    return f"install it where ticklink is installed: pip install {INSTALL_NAMES.get(top, top)}"


def _missing_within(name: str, root: Path, seen: set[Path]) -> list[MissingImport]:
    found = []
    for file in _files(name, root):
        if file not in seen:
            seen.add(file)
            found += missing(source.parse(source.read(file), str(file)), file, seen)
    return found


def _imports(node: ast.AST, *, needed: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, needed
        else:
            optional = isinstance(child, ast.Try | ast.If | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, needed=needed and not optional)


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The dotted names that have to be there."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level:
        # within `my` only, where following it is not worth the trouble
        return []
    module = node.module or ""
    if module == PACKAGE or module in OURS:
        return [module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names]
    return [module]


def _exists(name: str, node: ast.Import | ast.ImportFrom, root: Path) -> bool:
    top, _, rest = name.partition(".")
    if top in OURS:
        return rest in ("", "link", *ticklink.__all__) or (top == "ticklink" and _is_installed(f"ticklink.{rest}"))
    if top == PACKAGE and (root / PACKAGE).exists():
        return bool(_files(name, root)) or _is_folder(name, root) or _is_defined(rest, node, root)
    return any(_files(top, root)) or _is_folder(top, root) or _is_installed(top)


def _files(name: str, root: Path) -> list[Path]:
    path = root.joinpath(*name.split("."))
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def _is_folder(name: str, root: Path) -> bool:
    return root.joinpath(*name.split(".")).is_dir()


def _is_defined(name: str, node: ast.Import | ast.ImportFrom, root: Path) -> bool:
    """`from my import name`: does my/__init__.py speak of it?"""
    file = root / PACKAGE / "__init__.py"
    if isinstance(node, ast.Import) or not file.is_file():
        return False
    return re.search(rf"\b{re.escape(name)}\b|import \*", source.read(file)) is not None


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
    except ValueError:
        # a module that runs as a script has no specification, but is there
        return True
