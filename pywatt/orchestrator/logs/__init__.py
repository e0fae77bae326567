"""The logs of all modules: collected from their pipes, kept in files that rotate, read again."""
