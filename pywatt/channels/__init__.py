"""Byte streams to other processes: standard input and output, Unix sockets and TCP, all of equal shape."""
