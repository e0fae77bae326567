"""The carriers to one module, and what is done about each operation that comes on them."""
