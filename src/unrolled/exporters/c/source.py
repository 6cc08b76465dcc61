"""The source file and the header of a model."""

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from unrolled.errors import ExportError
from unrolled.exporters.c.functions import definitions, needed_mathematics
from unrolled.exporters.c.header import header, initial_values, state_fields
from unrolled.exporters.c.identifiers import Names
from unrolled.exporters.c.interface import Interface, make_interface
from unrolled.exporters.c.literals import WIDTH, array_definition
from unrolled.exporters.c.mathematics import own_mathematics
from unrolled.exporters.c.slices import push_slices
from unrolled.exporters.c.step import Step
from unrolled.exporters.c.views import Reads
from unrolled.exporters.c.weight_file import WeightFile, load_function, make_weight_file, pointers
from unrolled.exporters.c.weights import Array, Precision, Weights
from unrolled.programs.operations import OPERATIONS
from unrolled.programs.program import Program


@dataclass(frozen=True)
class Source:
    """The generated files of a model."""

    interface: Interface
    c: str
    h: str
    weight_file: WeightFile | None
    """None if the weights are arrays in the source."""
    weight_bytes: int
    scratch_bytes: int


def make_source(
    program: Program,
    weights: Mapping[str, NDArray[Any]],
    name: str,
    precision: Precision,
    *,
    in_file: bool,
) -> Source:
    """Return the source and the header of a program.

    Args:
        program: the program.
        weights: float32 array of each of its parameters.
        name: beginning of all names.
        precision: of the matrices in products.
        in_file: weights go to a file of their own.

    Raises:
        ExportError: if the program has nothing to run, or a weight is missing or not finite.
    """
    _check(program)
    program = push_slices(program)
    names = Names()
    interface = make_interface(program, name, names)
    arranged = Weights(program, weights, precision, names)
    step = Step(Reads(program), arranged, interface, names)
    file = make_weight_file(arranged.arrays) if in_file else None
    constants = interface.constants(program) | {f"{interface.upper}_STATE_SIZE": program.state_size()}
    if file:
        constants[f"{interface.upper}_WEIGHT_FILE_SIZE"] = len(file.content)
    fields = state_fields(program, interface, step.scratch_size, step.quantised_size)
    about = _describe(program, name, precision)
    return Source(
        interface,
        _source(program, interface, about, step, arranged.arrays, file),
        header(interface, about, fields, constants),
        file,
        sum(array.values.nbytes for array in arranged.arrays),
        4 * step.scratch_size + 2 * step.quantised_size,
    )


def _source(
    program: Program,
    interface: Interface,
    about: str,
    step: Step,
    arrays: list[Array],
    file: WeightFile | None,
) -> str:
    """Return the text of the source file."""
    mathematics = own_mathematics(needed_mathematics(step.calls), f"{interface.upper}_OWN_MATH")
    tables = [] if file else [array_definition(a.name, a.values, a.comment) for a in arrays]
    parts = [
        f'/* {about} */\n#include "{interface.prefix}.h"\n',
        mathematics,
        definitions(step.calls),
        *tables,
        _life(program, interface, file),
        _step(program, interface, step, pointers(arrays, file) if file else []),
    ]
    return "\n".join(filter(None, parts))


def _life(program: Program, interface: Interface, file: WeightFile | None) -> str:
    """Return the functions that set up a state."""
    prefix, kind = interface.prefix, interface.state_type
    values = initial_values(program, interface)
    body = ["int k;", *values] if values else ["(void)s;"]
    load = f"{load_function(prefix, file)}\n" if file else ""
    start = "    s->weights = NULL;\n" if file else ""
    return f"""\
void {prefix}_init({kind} *s)
{{
{start}    {prefix}_reset(s);
}}

{load}void {prefix}_reset({kind} *s)
{{
{_indent(body)}
}}

size_t {prefix}_sizeof_state(void)
{{
    return sizeof({kind});
}}
"""


def _step(program: Program, interface: Interface, step: Step, weight_pointers: list[str]) -> str:
    """Return the function of one step."""
    upper = interface.upper
    sizes = interface.constants(program)
    checks = [
        f"if ({name} < 0 || {name} >= {size})\n        return {upper}_BAD_TOKEN;"
        for name, size in zip(interface.tokens.values(), sizes, strict=False)
    ]
    if weight_pointers:
        checks.append(f"if (s->weights == NULL)\n        return {upper}_BAD_WEIGHTS;")
    lines = [*weight_pointers, *step.lines]
    text = "\n".join(lines)
    head = ["int k;"] if re.search(r"for \(k", text) else []
    arguments = ("s", *interface.inputs.values())
    head += [f"(void){name};" for name in arguments if not re.search(rf"\b{name}\b", text)]
    signature = f"int {interface.prefix}_step({interface.state_type} *s, {interface.arguments()})"
    indent = " " * (signature.index("(") + 1)
    body = _indent([*head, *checks, *lines, "return 0;"])
    signature = "\n".join(textwrap.wrap(signature, WIDTH, subsequent_indent=indent))
    return f"{signature}\n{{\n{body}\n}}\n"


def _indent(lines: list[str]) -> str:
    return "\n".join(f"    {line}" if line else "" for line in lines)


def _describe(program: Program, name: str, precision: str) -> str:
    weights = sum(math.prod(shape) for shape in program.parameters.values())
    return (
        f"{name}: a recurrent network written by unrolled as C99.\n"
        f"   {weights:,} parameters, {precision}; {program.state_size():,} numbers of state; "
        f"{program.multiply_adds():,} multiply-adds a step.\n"
        "   The weights are constant, everything else is in one struct: no allocation, no global state."
    )


def _check(program: Program) -> None:
    for op in program.operations:
        if op.name not in OPERATIONS:
            raise ExportError(f"operation {op.name!r} has no form in C: known are {', '.join(OPERATIONS)}")
    if not program.outputs:
        raise ExportError("the program has no outputs: a step would compute nothing")
    if not (program.inputs or program.tokens):
        raise ExportError("the program has no inputs: a step would read nothing")
