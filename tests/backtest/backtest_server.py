"""Runs the command line in children of its own: what takes a second to import is imported once, then each run is a fork.

Reads one JSON object a line, {arguments, folder, output, errors}, and answers each with the exit code on a line.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

MOST_SECONDS = 120


def main() -> None:
    preload()
    print("ready", flush=True)
    for line in sys.stdin:
        print(run_forked(json.loads(line)), flush=True)


def preload() -> None:
    import pandas  # noqa: F401
    import talib  # noqa: F401

    import ticklink.backtest.report
    import ticklink.commands.backtest_command
    import ticklink.commands.check_command  # noqa: F401


def run_forked(job: dict[str, Any]) -> int:
    child = os.fork()
    if not child:
        run(job)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def run(job: dict[str, Any]) -> None:
    """As the console script does, in this process, which ends with it."""
    code = 70
    try:
        signal.alarm(MOST_SECONDS)
        os.chdir(job["folder"])
        redirect(0, Path(os.devnull), os.O_RDONLY)
        redirect(1, Path(job["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        redirect(2, Path(job["errors"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        code = exit_code(job["arguments"])
    except BaseException:  # noqa: BLE001 - whatever it is, it must not come back to the server's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def exit_code(arguments: list[str]) -> int:
    from ticklink.cli import run as run_command_line

    sys.argv = ["ticklink", *arguments]
    try:
        run_command_line()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0


def redirect(descriptor: int, path: Path, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


if __name__ == "__main__":
    main()
