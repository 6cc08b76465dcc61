"""Sequences with one label each, from tables, text files, or files and folders named by labels."""

from unrolled.data.labelled.clean import LEFT_OUT, Row, labelled_rows
from unrolled.data.labelled.examples import ColumnChoice, Labelled, Series
from unrolled.data.labelled.form import LabelledForm, Missing
from unrolled.data.labelled.parts import labelled_parts
from unrolled.data.labelled.read import labelled_table, read_labelled
from unrolled.data.labelled.unlabelled import Unlabelled, read_items

__all__ = [
    "LEFT_OUT",
    "ColumnChoice",
    "Labelled",
    "LabelledForm",
    "Missing",
    "Row",
    "Series",
    "Unlabelled",
    "labelled_parts",
    "labelled_rows",
    "labelled_table",
    "read_items",
    "read_labelled",
]
