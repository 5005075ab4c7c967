"""`ticklink check BOT.py`"""

import sys
from pathlib import Path

import click

from ticklink.bot.checking import check


@click.command("check")
@click.argument("bot", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def command(bot: Path, as_json: bool) -> None:
    """Tell what a bot file defines: class, callbacks, webhooks, cron jobs, venues, symbols, missing imports.

    Does not run the bot. The exit code is 1 when the bot cannot be loaded.
    """
    sys.exit(check(bot, as_json=as_json))
