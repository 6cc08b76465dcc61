"""Gradients and states through time, as numbers, plots and a verdict, for any module that recurs."""
