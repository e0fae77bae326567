"""HTTP to the module: applications of every kind behind one interface, and a plain server for them."""
