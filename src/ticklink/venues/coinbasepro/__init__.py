"""Coinbase Exchange: its wire messages and instruments."""
