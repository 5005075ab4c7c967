"""The command line: one module per command in ticklink.commands, imported only when it is called."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import IO, Any

import click

from ticklink.model.errors import TicklinkError

HASH_SEED = "PYTHONHASHSEED"

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "new": "Write a commented bot to begin with.",
        "check": "Tell what a bot file defines, without running it.",
        "import": "Bring market data files into an archive.",
        "data": "List an archive, or make synthetic data for one.",
        "backtest": "Run a bot on recorded data, in virtual time.",
        "demo": "See a bot trade: an hour of synthetic market in a few seconds.",
    }
)


class LazyGroup(click.Group):
    """Knows its commands' names and summaries, and imports a command when it is needed: `ticklink check` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"ticklink.commands.{cmd_name}_command").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TicklinkError as error:
            raise Told(str(error)) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ticklink")
def main() -> None:
    """Event-driven trading bots: one Python class, run unchanged on recorded data in virtual time."""


def run() -> None:
    """The console script."""
    if sys.argv[1:2] in (["backtest"], ["demo"]):
        in_own_process()
    main()


def in_own_process() -> None:
    """Begin anew with a fixed hash seed: sets of texts must be in the same order on every run of a bot.

    Before anything heavy is imported. `-P` keeps the present folder off the import path, where a bot called random.py would
    stand in for the module random.
    """
    if os.environ.get(HASH_SEED) != "0":
        command = [sys.executable, "-P", "-m", "ticklink", *sys.argv[1:]]
        os.execve(sys.executable, command, os.environ | {HASH_SEED: "0"})


class Told(click.ClickException):
    """What ticklink raises on purpose, told in a sentence instead of a traceback; the exit code is 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.secho(f"error: {self.message}", fg="red", file=file, err=True)
