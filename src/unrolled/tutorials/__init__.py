"""Guided experiments: gradients that vanish and explode, how far memory reaches, and what gates do about "
"it."""
