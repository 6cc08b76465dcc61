"""Files and folders that commands write: named outputs, owned folders, locks, pictures."""
