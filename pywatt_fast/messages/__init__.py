"""Messages: envelope, metadata, identifiers, formats and their conversions."""
