"""The names that a user of the source sees: state fields, arguments of a step, constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from unrolled.exporters.c.identifiers import Names, check_prefix
from unrolled.programs.program import Program

FIELDS = ("scratch", "quantised", "weights")
"""Fields of the state struct that are not states of the program."""


@dataclass(frozen=True)
class Interface:
    """C names of the states, and of the arguments of a step."""

    prefix: str
    fields: Mapping[str, str]
    tokens: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def upper(self) -> str:
        """Beginning of the names of constants."""
        return self.prefix.upper()

    @property
    def state_type(self) -> str:
        """Name of the struct."""
        return f"{self.prefix}_state"

    def arguments(self) -> str:
        """Return the parameters of the step, without the state."""
        parts = [f"int {name}" for name in self.tokens.values()]
        parts += [f"const float *{name}" for name in self.inputs.values()]
        parts += [f"float *{name}" for name in self.outputs.values()]
        return ", ".join(parts)

    def constants(self, program: Program) -> dict[str, int]:
        """Return the sizes of inputs and outputs by the name of their constant."""
        upper, values = self.upper, {}
        for kind, names, sizes in (
            ("VOCABULARY", self.tokens, program.tokens),
            ("INPUT_SIZE", self.inputs, program.inputs),
            (
                "OUTPUT_SIZE",
                self.outputs,
                {n: program.operations[i].size for n, i in program.outputs.items()},
            ),
        ):
            for key, name in names.items():
                middle = "" if len(names) == 1 else f"{name.upper()}_"
                values[f"{upper}_{middle}{kind}"] = sizes[key]
        return values


def make_interface(program: Program, prefix: str, names: Names) -> Interface:
    """Return the interface of a program.

    Args:
        program: the program.
        prefix: beginning of the names of all functions and types.
        names: file scope of the source.
    """
    fields = Names(*FIELDS)
    return Interface(
        prefix=check_prefix(prefix),
        fields={state.name: fields.new(state.name) for state in program.states},
        tokens={key: names.new(key) for key in program.tokens},
        inputs={key: names.new(key) for key in program.inputs},
        outputs={key: names.new(key) for key in program.outputs},
    )
