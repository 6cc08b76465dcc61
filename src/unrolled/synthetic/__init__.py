"""Synthetic long-range dependency problems: generators, training, presets, report."""
