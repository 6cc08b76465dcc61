"""The command line, with one module for each verb."""

INTERRUPTED = 130
"""Exit status after Ctrl-C."""
