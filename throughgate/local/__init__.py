"""The bare machine: a broker, a database and every service as processes of this user, on loopback only."""
