"""Decimals as venues that write numbers as text do."""

from decimal import Decimal


def plain(number: Decimal) -> str:
    """A decimal without exponent or superfluous zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
