"""A local stand-in for every destination."""
