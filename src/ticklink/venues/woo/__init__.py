"""WOO X: its wire messages and instruments."""
