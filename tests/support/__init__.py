"""What tests stand on: a real PostgreSQL, a real broker, and waiting without sleeping."""
