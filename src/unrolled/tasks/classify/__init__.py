"""Classification of texts and of sequences of vectors."""
