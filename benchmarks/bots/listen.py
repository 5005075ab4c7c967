"""Does nothing: what a replay costs without a bot's own work."""

from typing import Any

from ticklink import Link


class Trading(Link):
    def quote_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        pass

    def trade_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        pass
