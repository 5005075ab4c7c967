"""ticklink: one Python class, run unchanged in a backtest, on paper and live."""
