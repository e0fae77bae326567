"""What the orchestrator counts, and the page on which Prometheus reads it."""
