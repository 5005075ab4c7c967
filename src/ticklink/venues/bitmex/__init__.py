"""BitMEX: its wire messages and instruments."""
