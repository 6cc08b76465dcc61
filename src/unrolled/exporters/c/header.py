"""The header: types, constants and functions that a user of the source sees."""

import textwrap
from collections.abc import Mapping

from unrolled.exporters.c.interface import Interface
from unrolled.exporters.c.literals import WIDTH, float_literal
from unrolled.programs.program import Program


def state_fields(program: Program, interface: Interface, scratch: int, quantised: int) -> list[str]:
    """Return the members of the state struct."""
    fields = [f"float {interface.fields[s.name]}[{s.size}];" for s in program.states]
    if scratch:
        fields.append(f"float scratch[{scratch}]; /* values within one step; not part of the state */")
    if quantised:
        fields.append(f"int16_t quantised[{quantised}]; /* the same, as whole numbers */")
    return fields


def header(interface: Interface, about: str, fields: list[str], constants: Mapping[str, int]) -> str:
    """Return the header.

    Args:
        interface: names of the model.
        about: comment at the top.
        fields: members of the state struct.
        constants: value of each constant.
    """
    prefix, upper = interface.prefix, interface.upper
    values = [*constants.items(), (f"{upper}_BAD_TOKEN", 1), (f"{upper}_BAD_WEIGHTS", 2)]
    has_file = f"{upper}_WEIGHT_FILE_SIZE" in constants
    members = [*fields, *(["const unsigned char *weights; /* see load */"] if has_file else [])]
    members = members or ["float unused[1]; /* the model has no state */"]
    enum = ",\n".join(f"    {name} = {value}" for name, value in values)
    load = f"""
/* Take the content of {prefix}.bin, which must stay in memory, at an address divisible by 4.
   Call it after init. Returns 0, or {upper}_BAD_WEIGHTS if it is not that file. */
int {prefix}_load({interface.state_type} *state, const void *weights, size_t size);
"""
    newline = "\n    "
    return f"""\
/* {about} */
#ifndef {upper}_H
#define {upper}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

enum {{
{enum}
}};

/* All memory that a step writes. A copy of the struct is a copy of the state. */
typedef struct {{
    {newline.join(members)}
}} {interface.state_type};

/* Set up a state before its first use. */
void {prefix}_init({interface.state_type} *state);
{load if has_file else ""}
/* Return to the beginning of a sequence. */
void {prefix}_reset({interface.state_type} *state);

/* {_explain_arguments(interface, constants)}
   Returns 0, or a value of the enum above whose name contains BAD; the state is then unchanged. */
int {prefix}_step({interface.state_type} *state, {interface.arguments()});

/* Size of the struct in bytes, for callers that cannot read this header. */
size_t {prefix}_sizeof_state(void);

#ifdef __cplusplus
}}
#endif

#endif
"""


def initial_values(program: Program, interface: Interface) -> list[str]:
    """Return the statements that set every state to its initial value."""
    lines = []
    for state in program.states:
        lines.append(f"for (k = 0; k < {state.size}; k++)")
        lines.append(f"    s->{interface.fields[state.name]}[k] = {float_literal(state.initial)};")
    return lines


def _explain_arguments(interface: Interface, constants: Mapping[str, int]) -> str:
    names = iter(constants)
    parts = [f"{name} is from 0 to {next(names)} - 1" for name in interface.tokens.values()]
    parts += [f"{name} has {next(names)} elements" for name in interface.inputs.values()]
    parts += [f"{name} receives {next(names)} elements" for name in interface.outputs.values()]
    text = f"Run one step. {'; '.join(parts)}."
    same = " An input and an output may be the same array." if interface.inputs else ""
    return "\n".join(textwrap.wrap(text + same, WIDTH, subsequent_indent="   "))
