"""What the tests of this folder start: whole orchestrators, and modules under supervision in this process."""

from crate_modules import crate, crate_module
from orchestrators import start
from supervised import workshop

__all__ = ["crate", "crate_module", "start", "workshop"]
