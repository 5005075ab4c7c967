"""Runs a program on virtual time in a process of its own: installing it cannot be undone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
SOURCE = Path(__file__).parents[2] / "src"


def run_child(program: str, *arguments: str, hash_seed: int = 0, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAMS / program), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(SOURCE), "TZ": "Europe/Zurich"},
        check=False,
    )


def trace_of(program: str, *arguments: str, hash_seed: int = 0, given: str = "") -> Any:
    """What a child that ended well, and had nothing to complain of, printed as JSON."""
    child = run_child(program, *arguments, hash_seed=hash_seed, given=given)
    assert (child.returncode, child.stderr) == (0, "")
    return json.loads(child.stdout)
