"""Loader: a bot file becomes a class that is ready to be constructed, or a LoadError that says what to mend."""

import ast
import hashlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from ticklink.bot import imports, source, workspace
from ticklink.bot.hooks import Cron, Http, Route, routes
from ticklink.bot.link import Link
from ticklink.model.errors import LoadError
from ticklink.ports import Host


class LoadedBot(msgspec.Struct, frozen=True):
    """A bot that can be constructed: `bot = loaded.bot_class()`, then `loaded.cron.start_by_itself()`."""

    bot_class: type[Link]
    module: ModuleType
    file: Path
    directory: Path
    """The bot's working directory."""
    sha256: str
    routes: list[Route]
    cron: Cron


def load(path: str | Path, host: Host, *, directory: str | Path | None = None) -> LoadedBot:
    """Load a bot file and bind its class to `host`.

    The folder of the file is the bot's workspace. Its working directory is `directory`, else its own folder in
    `<workspace>/.ticklink/`. What this changes for the whole process, workspace.enter and workspace.offer tell.
    Raises LoadError for whatever is wrong with the file, the bot's own exceptions at import included.
    """
    file = Path(path).absolute()
    text = source.read(file)
    tree = source.parse(text, str(file))
    home = working_directory(file) if directory is None else Path(directory).absolute()
    http, cron = Http(), Cron(host.clock)
    workspace.enter(file.parent, home)
    workspace.offer(http, cron)
    workspace.remember(str(file), text)
    module = _run(tree, file)
    bot_class = _bot_class(module, tree, file)
    bot_class._ticklink_host, bot_class._ticklink_cron = host, cron
    return LoadedBot(bot_class, module, file, home, _digest(file), routes(bot_class), cron)


def working_directory(file: Path) -> Path:
    """Where a bot keeps its files, unless told otherwise: a folder of its own in its workspace."""
    return file.parent / ".ticklink" / file.stem


def bot_traceback(error: BaseException, root: Path) -> str:
    """An exception's traceback without the frames that are not the bot's (those outside `root`, its workspace)."""
    frames = _frames(error, root)
    head = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*head, *traceback.format_exception_only(error)])


def _run(tree: ast.Module, file: Path) -> ModuleType:
    module = ModuleType(f"bot_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, str(file), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        raise _failure(error, file) from error
    return module


def _bot_class(module: ModuleType, tree: ast.Module, file: Path) -> type[Link]:
    for name in source.BOT_CLASSES:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, Link):
            return found
    raise source.no_bot_class(tree, str(file))


def _failure(error: BaseException, file: Path) -> LoadError:
    """What a bot file raised while it was imported."""
    if isinstance(error, LoadError):
        return error
    frames = _frames(error, file.parent)
    if isinstance(error, SyntaxError) or (isinstance(error, source.UNREADABLE) and not frames):
        return source.unreadable(error, str(file))
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(file)), None)
    reason = "".join(traceback.format_exception_only(error)).strip()
    deeper = "\n" + "".join(traceback.format_list(frames)).rstrip() if len(frames) > 1 else ""
    return LoadError(reason + deeper, file=str(file), line=line, hint=_hint(error, file.parent))


def _frames(error: BaseException, root: Path) -> list[traceback.FrameSummary]:
    inside = f"{root}{os.sep}"
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename.startswith(inside) and "site-packages" not in frame.filename]


def _hint(error: BaseException, root: Path) -> str:
    if isinstance(error, ImportError):
        return imports.hint(error.name or "", root)
    if isinstance(error, KeyError) and _raised_in(error) == "os":
        return f"set {error.args[0]} in the environment or in {root / '.env'}"
    return ""


def _raised_in(error: BaseException) -> Any:
    """The name of the module whose code raised."""
    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
