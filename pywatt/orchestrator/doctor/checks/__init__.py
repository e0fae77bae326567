"""What is wrong with a module: one file a subject, each from the evidence to findings, without doing anything."""
