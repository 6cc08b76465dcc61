"""Code shared by all tasks: fit, resume, and the files of a run folder."""
