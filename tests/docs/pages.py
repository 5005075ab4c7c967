"""The project's Markdown pages and what is in them: sections, code, links."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def read(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str | Path, *languages: str) -> list[str]:
    """The fenced blocks in one of the languages, all of them if none is given."""
    return [text for language, text in FENCE.findall(read(page)) if not languages or language in languages]


def prose(page: str | Path) -> str:
    return FENCE.sub("", read(page))


def code(text: str) -> str:
    """What stands in backticks, fenced or inline."""
    fenced = [body for _, body in FENCE.findall(text)]
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])


def section(page: str | Path, heading: str) -> str:
    """What stands below a heading, up to the next one of the same level or a higher one."""
    level = heading.partition(" ")[0]
    _, found, rest = read(page).partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0] if found else ""


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """What `page.md#anchor` may name: its headings, spelt as code hosts spell them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(page: Path) -> Iterator[str]:
    """What a page tells to type: lines of fenced blocks that call ticklink or ./dev, with or without a prompt."""
    for text in blocks(page, "", "console", "sh", "text", "bash"):
        for line in text.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ")
            if command.startswith(("ticklink ", "./dev ")):
                yield command


def run(folder: Path, *arguments: str) -> str:
    """What Python says when it is run in a folder; it has to end well."""
    ended = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
