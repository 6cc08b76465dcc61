"""Old module of the limits of a training: they are in :mod:`unrolled.training.stopping` now."""

from unrolled.renamed import renamed_names
from unrolled.training import stopping

__getattr__ = renamed_names(
    __name__, {"NewEnd": "NewLimits", "Length": "StoppingCriterion"}, home=stopping.__name__
)
