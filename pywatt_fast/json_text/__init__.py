"""JSON text: read, written, and searched without being read."""
