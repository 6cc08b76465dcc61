"""Catalogue of public data sets: one module for each kind, and the look-up by name."""

from unrolled.data.catalogue.lookup import CATALOGUE, find_dataset, locate
from unrolled.renamed import renamed_names

__all__ = ["CATALOGUE", "find_dataset", "locate"]

__getattr__ = renamed_names(__name__, {"find": "find_dataset"})
