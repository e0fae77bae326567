"""The control plane: what the command line and a dashboard ask the orchestrator, over one Unix socket."""
