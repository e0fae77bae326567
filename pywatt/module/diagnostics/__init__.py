"""What a module process finds out about itself for `pywatt doctor`; nothing of it is loaded otherwise."""
