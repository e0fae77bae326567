"""What a process says about itself: logs, and what must not appear in them."""
