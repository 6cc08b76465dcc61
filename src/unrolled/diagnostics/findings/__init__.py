"""Verdicts on the diagnostics in words, with remedies and their command-line options."""
