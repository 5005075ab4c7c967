"""docs/cli.md has every command with every option and no other, and every command line on any page can be typed."""

import re
import runpy
import shlex
from collections.abc import Iterator

import click
import pytest

from tests.docs import pages
from ticklink.cli import main

PAGE = "docs/cli.md"
VERBS = runpy.run_path(str(pages.ROOT / "dev"))["VERBS"]
LINES = sorted({line for page in pages.PAGES for line in pages.command_lines(page)})


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join(("ticklink", *path, name)), command


COMMANDS = dict(commands(main))


def options(command: click.Command) -> list[set[str]]:
    """The long names of each option."""
    given = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return [{name for name in (*option.opts, *option.secondary_opts) if name.startswith("--")} for option in given]


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_is_described_with_its_options_and_no_other(path: str) -> None:
    section = pages.section(PAGE, f"## {path}")
    assert section, f"{PAGE} has no section `## {path}`"
    named = set(re.findall(r"--[a-z][a-z-]*", pages.code(section)))
    known = options(COMMANDS[path])
    assert [names for names in known if not names & named] == []
    assert named <= set().union(*known)


def test_no_command_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^## (ticklink .+)$", pages.read(PAGE), re.MULTILINE)
    assert sorted(described) == sorted(COMMANDS)


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_can_be_typed(line: str) -> None:
    program, *words = shlex.split(re.split(r" [|>&#]", line)[0])
    if program == "./dev":
        assert words[0] in VERBS
    else:
        parse(main, words)


def parse(command: click.Command, words: list[str]) -> None:
    """Raises click.UsageError for a command or an option that does not exist."""
    context = click.Context(command)
    if not isinstance(command, click.Group):
        command.make_parser(context).parse_args(words)
    elif not words[0].startswith("-"):
        command.parse_args(context, words)
        _, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None
        parse(inner, rest)
