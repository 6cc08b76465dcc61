"""Products with the vector of a token, whose result can be looked up in a table."""

from unrolled.programs.program import Operation, Program
from unrolled.programs.quantise import depends_on_token


def looks_up(program: Program, op: Operation) -> bool:
    """Return whether a product is looked up by the token.

    With a one-hot vector the table is the matrix itself. With an embedding it holds the product of each row,
    and is used if it is no larger than the embedding and the matrix that it replaces.
    """
    if op.name != "linear" or not depends_on_token(program, op):
        return False
    factor = program.operations[op.inputs[0]]
    if factor.name == "one_hot":
        return True
    rows = program.parameters[factor.weight][0]
    return rows * op.size <= rows * factor.size + op.size * factor.size
