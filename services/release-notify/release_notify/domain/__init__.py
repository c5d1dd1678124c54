"""What a release date means: values in, values out; the standard library and contracts alone."""
