"""Names of the files that training writes to its folder."""

CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
LOG = "metrics.jsonl"
