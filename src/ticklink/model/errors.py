"""Every error ticklink raises on purpose, in one tree.

    TicklinkError
    |- InputError       what the user gave is wrong; the message says what to do        final
    |  |- LoadError     a bot file cannot be loaded: file, line and a hint              final
    |  |- DataError     a data file is damaged or missing: file, row and reason         final
    |- WireError        a venue's message cannot be understood                          skip it, resynchronise
    |- ApiError         an Exchange API call failed; carries the whole reply            see .reply
    |- BotFailed        the bot's own code ended the run; carries its traceback         final

Inside the platform a refusal travels as a value, `Failure` (model.requests), so that a reply can carry it: *refused* (our
own gate said no; final), *rejected* (the venue said no; final), *rate_limited* (retryable after `reset`).
"""

from typing import Any


class TicklinkError(Exception):
    """Anything ticklink raises on purpose."""


class InputError(TicklinkError):
    """A user's input is wrong; the message says what it concerned and what to do."""


class LoadError(InputError):
    """A bot file cannot be loaded."""

    def __init__(self, message: str, *, file: str, line: int | None = None, hint: str = "") -> None:
        self.file, self.line, self.hint = file, line, hint
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}" + (f"\n  hint: {hint}" if hint else ""))


class DataError(InputError):
    """A data file is damaged, half-written or missing."""

    def __init__(self, message: str, *, file: str, row: int | None = None) -> None:
        self.file, self.row = file, row
        place = file if row is None else f"{file}, row {row}"
        super().__init__(f"{place}: {message}")


class WireError(TicklinkError):
    """A venue's message is not of any form that we know it to send."""


class ApiError(TicklinkError):
    """An Exchange API call failed with `api_error`: the request or the venue is at fault.

    `reply` is the whole envelope {src, venue, data, error, rate_limits} that the call would otherwise have returned.
    """

    def __init__(self, reply: dict[str, Any]) -> None:
        self.reply = reply
        super().__init__(f"{reply['venue']}: {reply['error']['message']}")


class BotFailed(TicklinkError):
    """The bot's own code ended the run."""

    def __init__(self, message: str, traceback: str = "") -> None:
        self.traceback = traceback
        super().__init__(message)
