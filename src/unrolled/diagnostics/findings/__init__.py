"""Verdicts on the numbers, in words, with remedies and the command-line option of each."""
