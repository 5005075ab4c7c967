"""`ticklink new NAME`"""

from pathlib import Path

import click

from ticklink.bot.template import write_template


@click.command("new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    help="Where to write it.",
)
def command(name: str, folder: Path) -> None:
    """Write a commented bot to NAME.py, ready to run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = write_template(name, folder)
    click.echo(f"wrote {path}; look at it, then:  ticklink check {path}")
