"""Template: `ticklink new NAME` writes a bot that works and explains itself."""

import re
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path

from ticklink.model.errors import InputError

FILE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
RESERVED = ("my", "ticklink", "profitview", "con", "nul", "aux", "prn")


def write_template(name: str, folder: str | Path = ".") -> Path:
    """Write the template bot to `folder`/`name`.py and return its path. InputError where the name will not do, or is taken."""
    stem = name.removesuffix(".py")
    if FILE_NAME.fullmatch(stem) is None or stem.lower() in RESERVED or iskeyword(stem):
        raise InputError(
            f"a bot cannot be called {name!r}: a name begins with a letter and has letters, digits, - and _ "
            f"(at most 64); {', '.join(RESERVED)} are taken"
        )
    path = Path(folder) / f"{stem}.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise InputError(f"{path} exists already and is left as it is; choose another name") from None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    return path


def template() -> str:
    """The source of the template bot."""
    return files("ticklink.bot").joinpath("template_bot.py.txt").read_text(encoding="utf-8")
