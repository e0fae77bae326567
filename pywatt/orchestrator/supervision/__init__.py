"""Modules over their whole life: start, readiness, restart, stop."""
