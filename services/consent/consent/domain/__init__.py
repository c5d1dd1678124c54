"""The decision: values in, values out. Imports the standard library and contracts alone."""
