"""Byte streams cut into frames and lines, and frames written."""
