"""Reload while somebody works on the modules: `pywatt dev`."""
