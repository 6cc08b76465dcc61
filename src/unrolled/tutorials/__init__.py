"""Guided experiments on gradients and memory; see :mod:`unrolled.tutorials.lessons` for the list."""
