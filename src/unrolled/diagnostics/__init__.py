"""Gradients and states through time, as numbers, plots and a verdict, for any module with recurrent layers."""
