"""A control server with commands of the test."""

from control_clients import place

__all__ = ["place"]
