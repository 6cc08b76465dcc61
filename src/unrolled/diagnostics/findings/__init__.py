"""What numbers mean: verdicts in words, with the remedies that this toolkit has and the option of each."""
