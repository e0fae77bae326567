"""Where secrets come from, and who may ask for them."""
