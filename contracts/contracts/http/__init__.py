"""HTTP bodies of the owners, used by both the owner and the gateway."""
