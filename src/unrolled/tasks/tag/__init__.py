"""Tagging: a label for each token."""
