"""Charts of a report, one module per topic."""
