"""The public data sets that are known by name; one file for each kind, and the look-up."""

from unrolled.data.catalogue.lookup import CATALOGUE, find, locate

__all__ = ["CATALOGUE", "find", "locate"]
