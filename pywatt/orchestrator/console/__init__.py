"""What a person sees: the logs of all modules, and the lines that say what is ready."""
