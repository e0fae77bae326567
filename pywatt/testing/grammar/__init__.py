"""What the types of the Rust crate can read, as data, and the judgement of a line or frame by it."""
