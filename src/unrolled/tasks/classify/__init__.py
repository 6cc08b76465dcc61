"""Classification of texts and sequences of vectors."""
