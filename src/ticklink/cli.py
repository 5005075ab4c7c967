"""The command line: one module per command in ticklink.commands, imported only when it is called."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from ticklink.model.errors import TicklinkError

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ticklink")
def main() -> None:
    """Event-driven trading bots: one Python class, run unchanged on recorded data, on paper and live."""


def run() -> None:
    """The console script: what ticklink raises on purpose is told in a sentence, not as a traceback."""
    try:
        main()
    except TicklinkError as error:
        click.secho(f"error: {error}", fg="red", err=True)
        sys.exit(1)
