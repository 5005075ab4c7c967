"""What may be sent to a venue, and what we believe of it: pure rules shared by backtest, paper and live."""
