"""The web page of a language model in C, compiled to WebAssembly."""

from pathlib import Path

from unrolled.errors import ExportError
from unrolled.exporters.page import PageText, build_page
from unrolled.programs.program import Program
from unrolled.text.tokenizer import Tokenizer

BACKEND = Path(__file__).parent / "backend.html"


def page(program: Program, tokens: Tokenizer | PageText, name: str, *, in_file: bool) -> str:
    """Return page.html, which loads NAME.wasm from its folder, or from within once it is built in.

    Args:
        program: one step of a language model: token → logits.
        tokens: its tokeniser, of characters or words, or how it reads and writes text.
        name: name of the model.
        in_file: the weights are in NAME.bin.

    Raises:
        ExportError: if the program is no language model, or the page has no code for the tokeniser.
    """
    text = tokens if isinstance(tokens, PageText) else PageText(tokens, title=name)
    _check(program, text.tokenizer.size)
    (number,) = program.outputs.values()
    facts = {
        "name": name,
        "outputs": program.operations[number].size,
        "weightFile": in_file,
        "weights": sum(_product(shape) for shape in program.parameters.values()),
    }
    return build_page(text, BACKEND.read_text(encoding="utf-8"), facts)


def _check(program: Program, size: int) -> None:
    sizes = [program.operations[number].size for number in program.outputs.values()]
    if list(program.tokens.values()) != [size] or program.inputs or sizes != [size]:
        raise ExportError(
            f"the web page needs a program from one of {size} tokens to as many logits, but it has "
            f"tokens {dict(program.tokens)}, inputs {dict(program.inputs)} and outputs of sizes {sizes}; "
            "leave tokens out"
        )


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result
