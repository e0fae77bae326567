"""What this machine can do at most, and how much of it pywatt reaches; loaded by `pywatt bench` alone."""
