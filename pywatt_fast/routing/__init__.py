"""Which channel a message travels on: the matrix, its conditions, the health of channels, decisions."""
