"""Lessons: guided experiments on gradients and memory, listed in :mod:`unrolled.tutorials.lessons`."""
