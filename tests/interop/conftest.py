"""Real orchestrators for the tests of this folder."""

from orchestrators import start

__all__ = ["start"]
