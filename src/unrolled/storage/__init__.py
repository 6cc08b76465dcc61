"""Files and folders that commands write: output files, owned folders, locks and figures."""
