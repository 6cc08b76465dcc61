"""The program check.c, which compares the source with recorded outputs on the target."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.exporters.c.interface import Interface
from unrolled.exporters.c.literals import WIDTH, array_definition, float_literal
from unrolled.exporters.c.vectors import TOLERANCES, Vectors
from unrolled.exporters.c.weights import Precision


def vectors_header(interface: Interface, vectors: Vectors, precision: Precision) -> str:
    """Return vectors.h: recorded inputs and outputs as arrays."""
    tolerance = TOLERANCES[precision] if vectors.tolerance is None else vectors.tolerance
    parts = [
        "/* Inputs of steps from the initial state on, and the outputs to expect. */\n"
        f"enum {{ STEPS = {vectors.steps} }};\nstatic const float tolerance = {float_literal(tolerance)};\n"
    ]
    for key, name in interface.tokens.items():
        parts.append(_integers(f"recorded_{name}", vectors.tokens[key]))
    for key, name in interface.inputs.items():
        parts.append(array_definition(f"recorded_{name}", np.asarray(vectors.inputs[key], np.float32)))
    for key, name in interface.outputs.items():
        parts.append(array_definition(f"expected_{name}", np.asarray(vectors.outputs[key], np.float32)))
    return "\n".join(parts)


def _integers(name: str, values: NDArray[Any]) -> str:
    rows = [", ".join(map(str, values[i : i + WIDTH // 8])) for i in range(0, len(values), WIDTH // 8)]
    lines = ",\n    ".join(rows)
    return f"static const int {name}[{len(values)}] = {{\n    {lines}\n}};\n"


def check_source(interface: Interface, constants: dict[str, int], *, in_file: bool) -> str:
    """Return check.c.

    Args:
        interface: names of the model.
        constants: sizes of inputs and outputs by the name of their constant.
        in_file: the weights are read from a file.
    """
    prefix, upper = interface.prefix, interface.upper
    names = list(constants)
    count = len(interface.tokens)
    input_sizes = names[count : count + len(interface.inputs)]
    output_sizes = names[count + len(interface.inputs) :]
    arguments = [f"recorded_{name}[t]" for name in interface.tokens.values()]
    arguments += [
        f"recorded_{name} + t * {size}"
        for name, size in zip(interface.inputs.values(), input_sizes, strict=True)
    ]
    arguments += list(interface.outputs.values())
    outputs = list(zip(interface.outputs.values(), output_sizes, strict=True))
    newline = "\n"
    buffers = newline.join(f"static float {name}[{size}];" for name, size in outputs)
    compare = newline.join(
        f"            compare({name}, expected_{name} + t * {size}, {size});" for name, size in outputs
    )
    return f"""\
/* Run the recorded inputs twice, with a reset between, and compare with the recorded outputs. */
#include "{prefix}.h"
#include "vectors.h"

#include <stdio.h>

static {interface.state_type} state;
{buffers}
static float largest_difference;
static int too_large;
{_read_weights(prefix, upper) if in_file else ""}
static void compare(const float *y, const float *expected, int size)
{{
    int k;
    for (k = 0; k < size; k++) {{
        const float scale = expected[k] > 1.0f ? expected[k] : expected[k] < -1.0f ? -expected[k] : 1.0f;
        const float difference = (y[k] > expected[k] ? y[k] - expected[k] : expected[k] - y[k]) / scale;
        if (difference > largest_difference)
            largest_difference = difference;
        if (!(difference <= tolerance) && y[k] != expected[k])
            too_large = 1;
    }}
}}

int main(void)
{{
    int run, t;
    {prefix}_init(&state);
{_load_weights(prefix) if in_file else ""}\
    for (run = 0; run < 2; run++) {{
        for (t = 0; t < STEPS; t++) {{
            if ({prefix}_step(&state, {", ".join(arguments)}) != 0) {{
                fprintf(stderr, "{prefix}: step %d failed\\n", t);
                return 1;
            }}
{compare}
        }}
        {prefix}_reset(&state);
    }}
    printf("{prefix}: largest difference %g over %d steps (allowed: %g), %lu bytes of memory\\n",
           (double)largest_difference, (int)STEPS, (double)tolerance,
           (unsigned long){prefix}_sizeof_state());
    if (too_large)
        fprintf(stderr, "{prefix}: differs from the recorded outputs\\n");
    return too_large;
}}
"""


def _read_weights(prefix: str, upper: str) -> str:
    return f"""
static union {{
    float alignment;
    unsigned char bytes[{upper}_WEIGHT_FILE_SIZE + 1];
}} weights;

static size_t read_weights(void)
{{
    size_t size = 0;
    FILE *file = fopen("{prefix}.bin", "rb");
    if (file != NULL) {{
        size = fread(weights.bytes, 1, sizeof weights.bytes, file);
        fclose(file);
    }}
    return size;
}}
"""


def _load_weights(prefix: str) -> str:
    return f"""\
    if ({prefix}_load(&state, weights.bytes, read_weights()) != 0) {{
        fprintf(stderr, "{prefix}.bin is missing or is not the weight file of this model\\n");
        return 1;
    }}
"""
