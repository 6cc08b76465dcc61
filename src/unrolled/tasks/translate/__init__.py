"""Translation, summarisation and other tasks from text to text."""
