"""Shared by all tasks: fit, resume, the run folder, its files."""
