import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.host import MemoryHost, construct
from ticklink.bot import workspace
from ticklink.bot.link import Link
from ticklink.bot.loader import LoadedBot, load


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def bot(host: MemoryHost) -> Any:
    class Trading(Link):
        pass

    return construct(Trading, host)


@pytest.fixture
def unchanged_process() -> Iterator[None]:
    """Loading a bot changes the process; this puts it back."""
    directory, environment, modules = Path.cwd(), dict(os.environ), set(sys.modules)
    yield
    workspace.leave()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    for name in set(sys.modules) - modules:
        if name.startswith(("bot_", "profitview", "my")):
            del sys.modules[name]


@pytest.fixture
def load_source(tmp_path: Path, host: MemoryHost, unchanged_process: None) -> Callable[[str | bytes], LoadedBot]:
    """Load a bot from its source, as the file bot.py of a workspace at tmp_path."""

    def load_it(text: str | bytes) -> LoadedBot:
        file = tmp_path / "bot.py"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(file, host)

    return load_it
