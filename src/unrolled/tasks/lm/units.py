"""Nouns for the tokens of each kind of tokenizer."""

UNITS = {"char": "character", "word": "word", "bpe": "piece"}
