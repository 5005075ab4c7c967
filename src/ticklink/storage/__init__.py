"""What is kept: the market data archive and its importers."""
