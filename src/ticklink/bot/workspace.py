"""Workspace: the folder of a bot file, and what a process changes to make it the bot's world."""

import importlib.machinery
import importlib.util
import linecache
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import dotenv

import ticklink
from ticklink.bot import source
from ticklink.bot.edge import logger
from ticklink.bot.hooks import Cron, Http
from ticklink.bot.imports import PACKAGE
from ticklink.bot.link import Link
from ticklink.model.errors import LoadError


class BotSource(importlib.machinery.SourceFileLoader):
    """Loads modules of `my` as bot files are: tabs and spaces may mix. No bytecode is kept."""

    def get_code(self, fullname: str) -> CodeType:
        file = self.get_filename(fullname)
        text = source.read(Path(file))
        remember(file, text)
        code: CodeType = compile(text, file, "exec", dont_inherit=True)
        return code


class PackageFinder(MetaPathFinder):
    """Finds `my` and its modules in one workspace, before anything that is installed by that name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != PACKAGE and not fullname.startswith(f"{PACKAGE}."):
            return None
        for folder in [str(self.root)] if path is None else path:
            spec = importlib.machinery.FileFinder(folder, (BotSource, [".py"])).find_spec(fullname)
            if spec is not None:
                return spec
        return None


def enter(root: Path, directory: Path) -> None:
    """Make a workspace this process's world, in place of the one before.

    What changes for the whole process: the working directory becomes `directory` (made if missing), `my` is found in
    `root` and imported anew, other modules beside the bot can be imported, and os.environ gains what `root`/.env sets
    and it lacks.
    """
    leave()
    sys.meta_path.insert(0, PackageFinder(root))
    # last: a bot file called random.py must not stand in for the module random
    sys.path.append(str(root))
    _read_environment(root / ".env")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        os.chdir(directory)
    except OSError as error:
        raise LoadError(f"the bot's working directory cannot be used: {error}", file=str(directory)) from None


def leave() -> None:
    """Forget the workspace entered last: its modules and where they were found. Environment and directory stay."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, PackageFinder)]:
        sys.meta_path.remove(finder)
        if str(finder.root) in sys.path:
            sys.path.remove(str(finder.root))
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]


def offer(http: Http, cron: Cron) -> None:
    """Put a bot's own `http` and `cron` where it imports them from: `ticklink`, and `profitview`."""
    ticklink.http, ticklink.cron = http, cron
    package = ModuleType("profitview", "The names of ProfitView's bot API, so that its bots run unmodified.")
    package.__dict__.update(Link=Link, http=http, cron=cron, logger=logger, __path__=[], __all__=ticklink.__all__)
    modules: dict[str, Any] = {"": package, ".link": package, ".http": http, ".cron": cron}
    sys.modules.update({f"profitview{name}": module for name, module in modules.items()})


def remember(file: str, text: str) -> None:
    """Let tracebacks show the source as it was compiled."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)


def _read_environment(file: Path) -> None:
    if not file.is_file():
        return
    try:
        dotenv.load_dotenv(file, override=False)
    except (OSError, ValueError) as error:
        raise LoadError(f"cannot read it: {error}", file=str(file), hint="one NAME=value a line, in UTF-8") from None
