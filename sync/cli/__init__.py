"""The command line: parse and print, decide nothing."""
