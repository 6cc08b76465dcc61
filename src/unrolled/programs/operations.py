"""The operations that a step program may hold. Every value is a vector of numbers of a fixed size.

SOURCES have no inputs: ``input`` (a vector of this step), ``state`` (a vector kept from the step before),
``parameter`` (a vector, or a part of it), ``constant`` (one number), ``embedding`` (the row of a matrix that
a token selects), ``one_hot``.

UNARY and BINARY operations act on each element. One operand of a binary operation may have size 1.
``greater`` gives 1 or 0. ``where`` takes a condition (1 or 0) and two values.

The others: ``linear`` (W v + b [+ v₂]), ``layer_norm`` (over the whole vector), ``sum`` and ``largest`` (to
size 1), ``slice``, ``concat``.
"""

SOURCES = ("input", "state", "parameter", "constant", "embedding", "one_hot")
UNARY = (
    "negate",
    "sigmoid",
    "tanh",
    "relu",
    "exp",
    "log",
    "log_sigmoid",
    "softplus",
    "sqrt",
    "absolute",
    "round",
)
BINARY = ("add", "subtract", "multiply", "divide", "minimum", "maximum", "greater")
OTHERS = ("where", "linear", "layer_norm", "sum", "largest", "slice", "concat")
OPERATIONS = (*SOURCES, *UNARY, *BINARY, *OTHERS)
