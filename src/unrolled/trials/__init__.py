"""The same training again and again: folds, seeds, variants, and baselines beside them."""
