"""`python -m ticklink` is `ticklink`."""

from ticklink.cli import run

run()
