"""Recorded markets through an unchanged bot, in virtual time."""
