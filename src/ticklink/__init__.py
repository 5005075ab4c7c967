"""ticklink: one Python class, run unchanged in a backtest, on paper and live. What a bot author imports is here."""

from ticklink.bot.edge import logger
from ticklink.bot.hooks import Cron, Http
from ticklink.bot.link import Link

__all__ = ["Link", "cron", "http", "logger"]

http = Http()
cron = Cron()
"""Each bot that is loaded finds its own in this place (bot/loader.py)."""
