"""Small real projects, and the command line run on them as a separate process."""
