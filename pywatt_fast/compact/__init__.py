"""The compact layout of operations and stream frames that our own peers negotiate."""
