"""MessagePack: general values, and the pieces that layouts of a known shape are made of."""
