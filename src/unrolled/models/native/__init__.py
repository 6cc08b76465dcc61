"""Models in the native runtime: step programs, and in numpy what joins them. Nothing here imports torch."""
