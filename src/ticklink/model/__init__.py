"""The words of the trade: immutable types that every other part of ticklink shares."""
