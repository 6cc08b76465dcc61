"""Catalogue of public data sets: one module for each kind, and the look-up by name."""

from unrolled.data.catalogue.lookup import CATALOGUE, find_dataset, locate

__all__ = ["CATALOGUE", "find_dataset", "locate"]
