"""Catalogue of public data sets: one module for each kind, and the look-up by name."""

from unrolled.data.catalogue.lookup import CATALOGUE, find, locate

__all__ = ["CATALOGUE", "find", "locate"]
