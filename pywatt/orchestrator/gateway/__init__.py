"""HTTP from outside, brought to modules."""
