"""Numbers as charts of a report, one file a subject."""
