"""Inspection: what a bot file holds and what will not work, told from its source. The bot is not run."""

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ticklink.bot import advice, bot_class, constants, imports, source
from ticklink.bot.advice import Remark
from ticklink.bot.bot_class import BotClass
from ticklink.bot.hooks import ROUTE_NAME
from ticklink.bot.imports import MissingImport
from ticklink.bot.link import CALLBACKS, CANDLE_CALLBACKS
from ticklink.bot.usage import Endpoint, usage
from ticklink.model.errors import LoadError


class FoundRoute(msgspec.Struct, frozen=True):
    http_method: str
    name: str
    line: int


class FoundJob(msgspec.Struct, frozen=True):
    """`schedule` as the bot wrote it: `every=60`."""

    handler: str
    schedule: str
    line: int


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What `ticklink check` tells. `ok` means that nothing speaks against loading the bot; `reason` says what does."""

    file: str
    ok: bool
    reason: str | None = None
    bot_class: str | None = None
    line: int | None = None
    callbacks: list[str] = []
    routes: list[FoundRoute] = []
    jobs: list[FoundJob] = []
    venues: list[str] = []
    srcs: list[str] = []
    symbols: list[str] = []
    endpoints: list[Endpoint] = []
    missing_imports: list[MissingImport] = []
    errors: list[Remark] = []
    warnings: list[Remark] = []


def inspect(path: str | Path) -> Inspection:
    """Read a bot file. Raises LoadError where it is no Python, or holds no bot."""
    file = Path(path).absolute()
    try:
        return _inspect(file, *_parse(file))
    except RecursionError:
        raise LoadError("its expressions are nested too deeply to be checked", file=str(file)) from None


def _inspect(file: Path, tree: ast.Module, remarks: list[Remark]) -> Inspection:
    bot = bot_class.find(tree, str(file))
    scope, used, absent = constants.module_scope(tree), usage(tree), imports.missing(tree, file)
    remarks += [_import_remark(missing) for missing in absent if not missing.needed]
    errors = [*(_import_remark(missing) for missing in absent if missing.needed), *advice.errors(bot, scope)]
    return Inspection(
        file=str(file),
        ok=not errors,
        reason=f"{file}:{errors[0].line}: {errors[0].message}" if errors else None,
        bot_class=bot.name,
        line=bot.line,
        callbacks=[name for name in bot.methods if name in (*CALLBACKS, "on_start", *CANDLE_CALLBACKS)],
        routes=list(_routes(bot)),
        jobs=list(_jobs(bot, scope)),
        venues=used.of("venue"),
        srcs=used.of("src"),
        symbols=used.of("sym"),
        endpoints=used.endpoints,
        missing_imports=absent,
        errors=errors,
        warnings=sorted(
            {*remarks, *advice.warnings(bot, tree, used)}, key=lambda remark: (remark.line, remark.message)
        ),
    )


def _parse(file: Path) -> tuple[ast.Module, list[Remark]]:
    """The syntax tree, and what the compiler warns of."""
    text = source.read(file)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tree = source.parse(text, str(file))
        try:
            compile(tree, str(file), "exec", dont_inherit=True)
        except source.UNREADABLE as error:
            raise source.unreadable(error, str(file)) from None
    return tree, [Remark(warning.lineno, str(warning.message)) for warning in caught]


def _import_remark(missing: MissingImport) -> Remark:
    doubt = "" if missing.needed else " (the bot may do without)"
    return Remark(missing.line, f"cannot import {missing.name}{doubt}; {missing.hint}")


def _routes(bot: BotClass) -> Iterator[FoundRoute]:
    for method in bot.methods.values():
        match = ROUTE_NAME.fullmatch(method.name)
        if match is not None and any(bot.decorators(method, "http.route")):
            yield FoundRoute(match[1].upper(), match[2], method.lineno)


def _jobs(bot: BotClass, scope: constants.Scope) -> Iterator[FoundJob]:
    for method in bot.methods.values():
        for decorator in bot.decorators(method, "cron.run"):
            given = advice.job_schedule(decorator, scope)
            spelt = ", ".join(f"{name}={_shown(value)}" for name, value in given.items())
            yield FoundJob(method.name, spelt, method.lineno)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, advice.Unknown) else repr(value)
