//! Lands with its own commit.
