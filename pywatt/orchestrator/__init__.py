"""The orchestrator: starts modules, brings them requests, messages and secrets, and stops them."""
