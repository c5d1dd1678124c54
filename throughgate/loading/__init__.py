"""Reading release dates from files that people already have, and pushing them through the bulk endpoint."""
