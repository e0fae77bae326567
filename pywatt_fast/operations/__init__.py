"""Hot operations: HTTP, routed messages, heartbeats."""
