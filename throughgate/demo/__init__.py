"""The story that `throughgate demo` plays on a stack of its own, over HTTP alone, and checks as it goes."""
