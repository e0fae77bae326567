"""`pywatt doctor`: one module started alone, observed, probed and stopped, and what is wrong with it."""
