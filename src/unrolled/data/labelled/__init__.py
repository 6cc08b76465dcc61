"""Sequences with one label each, from tables, text files, or files and folders named by labels."""

from unrolled.data.labelled.clean import LEFT_OUT, Row, build_labelled
from unrolled.data.labelled.examples import ColumnChoice, Labelled, Series
from unrolled.data.labelled.form import LabelledForm, Missing
from unrolled.data.labelled.parts import find_labelled_parts
from unrolled.data.labelled.read import labelled_table, read_labelled
from unrolled.data.labelled.unlabelled import Unlabelled, read_items
from unrolled.renamed import renamed_names

__all__ = [
    "LEFT_OUT",
    "ColumnChoice",
    "Labelled",
    "LabelledForm",
    "Missing",
    "Row",
    "Series",
    "Unlabelled",
    "build_labelled",
    "find_labelled_parts",
    "labelled_table",
    "read_items",
    "read_labelled",
]

__getattr__ = renamed_names(
    __name__, {"labelled_parts": "find_labelled_parts", "labelled_rows": "build_labelled"}
)
