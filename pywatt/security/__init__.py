"""Secrets: what they are kept in, how they are asked for, how they rotate."""
