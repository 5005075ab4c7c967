"""A pretend exchange: matching, accounts, models of latency and queues, and native faces."""
