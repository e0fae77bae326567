"""What this machine can do at most, and how much of it pywatt reaches; loaded by nothing but `pywatt bench`."""
