"""What an orchestrator and a module say to each other, typed."""
