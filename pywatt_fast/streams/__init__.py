"""Streams: chunks and their checksums, flow control, transfers, and many streams over one connection."""
