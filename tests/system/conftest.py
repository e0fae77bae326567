"""Real orchestrators and examinations for the tests of this folder."""

from clinics import clinic
from orchestrators import start

__all__ = ["clinic", "start"]
