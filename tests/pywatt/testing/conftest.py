"""Modules of a few lines for the tests of the driver."""

from bare_modules import bare_module

__all__ = ["bare_module"]
