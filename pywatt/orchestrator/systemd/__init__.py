"""What a service manager is told, and the socket that it may pass; nothing of it is needed to run."""
