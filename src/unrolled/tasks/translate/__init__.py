"""Translation and other maps from text to text."""
