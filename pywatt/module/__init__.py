"""A module process: the decorator, its start, its life, what its author touches."""
