"""One file for each sub-command: options in, one call, a table or JSON out."""
