from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backtest.lab import Lab, Server, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, server: Server) -> Lab:
    return Lab(tmp_path, server)
