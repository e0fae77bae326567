"""What the tests of this folder start: orchestrators, examinations, and crate modules in this process."""

from clinics import clinic
from crate_modules import crate, crate_module
from orchestrators import start
from supervised import workshop

__all__ = ["clinic", "crate", "crate_module", "start", "workshop"]
