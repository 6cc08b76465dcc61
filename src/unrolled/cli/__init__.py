"""The command line, one module a verb."""

INTERRUPTED = 130
"""Exit status after Ctrl-C."""
