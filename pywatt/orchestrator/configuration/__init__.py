"""pywatt.toml as typed objects, with every problem named by line."""
