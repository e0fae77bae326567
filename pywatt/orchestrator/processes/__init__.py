"""Child processes, their output, and what a killed orchestrator left behind."""
