"""Requests between modules: who waits for what, and what a payload means."""
