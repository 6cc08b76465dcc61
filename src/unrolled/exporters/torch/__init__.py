"""Programs of torch.export: models in a file that torch runs without this package."""
