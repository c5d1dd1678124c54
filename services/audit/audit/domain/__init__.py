"""What an entry of the log says: pure functions from events to leaves and details."""
