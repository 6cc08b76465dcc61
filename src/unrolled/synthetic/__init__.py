"""Synthetic problems whose answer is many steps back: generators, training, presets, report."""
