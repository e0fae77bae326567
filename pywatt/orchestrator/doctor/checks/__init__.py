"""The checks: one file a subject, each from the evidence to findings, without doing anything."""
