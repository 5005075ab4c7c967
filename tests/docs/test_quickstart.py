"""docs/quickstart.md, as a newcomer follows it: every command it shows, in its order, in one folder."""

import shlex
from pathlib import Path

from tests.docs import pages
from tests.docs.pages import run

PAGE = pages.ROOT / "docs/quickstart.md"
PROMPT = "$ ticklink "


def test_the_quickstart_leads_to_a_report(tmp_path: Path) -> None:
    typed = [line for block in pages.blocks(PAGE, "console") for line in block.splitlines()]
    workspace = tmp_path / "workspace"
    for command in (line.removeprefix(PROMPT) for line in typed if line.startswith(PROMPT)):
        if command.startswith("backtest"):
            edit(workspace / "my_bot.py", pages.blocks(PAGE, "text")[0])
        told = run(tmp_path, "-m", "ticklink", *shlex.split(command))
    assert "fills                                9    orders                    10" in told
    assert (workspace / "my_bot.html").is_file()


def edit(bot: Path, changes: str) -> None:
    """Put each line of `changes` in the place of the line that sets the same name."""
    lines = bot.read_text(encoding="utf-8").splitlines()
    for change in changes.splitlines():
        name = change.partition(" = ")[0]
        (place,) = (number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[place] = change
    bot.write_text("\n".join(lines) + "\n", encoding="utf-8")
