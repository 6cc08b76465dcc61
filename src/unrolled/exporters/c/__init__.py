"""Write a step program and its weights as C99 source without dependencies."""

from unrolled.exporters.c.export import Report, export_c
from unrolled.exporters.c.vectors import Vectors

__all__ = ["Report", "Vectors", "export_c"]
