"""A training looked at while it runs."""
