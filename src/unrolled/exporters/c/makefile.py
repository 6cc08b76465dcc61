"""The Makefile of an exported model."""

from unrolled.exporters.c.interface import Interface


def makefile(interface: Interface, *, in_file: bool, page: bool) -> str:
    """Return the Makefile.

    Args:
        interface: names of the model.
        in_file: the weights are in a file.
        page: the folder has a web page.
    """
    name = interface.prefix
    functions = ["init", "reset", "step", "sizeof_state", *(["load"] if in_file else [])]
    exports = " ".join(f"-Wl,--export={name}_{function}" for function in functions)
    page_rule = _page_rule(name, in_file) if page else ""
    return f"""\
# make          compile {name}.o
# make check    compare with the recorded outputs; for another machine, for example:
#               make check CC=arm-linux-gnueabihf-gcc LDLIBS="-static -lm" RUN=qemu-arm
# make wasm     compile {name}.wasm with clang{" and put it into index.html" if page else ""}
CC = cc
CFLAGS = -O3
LDLIBS = -lm
RUN =
CLANG = clang
WASM_FLAGS = --target=wasm32 -std=c99 -O3 -msimd128 -mbulk-memory -fno-builtin -fno-math-errno -nostdlib
WARNINGS = -std=c99 -Wall -Wextra -pedantic

all: {name}.o

{name}.o: {name}.c {name}.h
\t$(CC) $(WARNINGS) $(CFLAGS) -c {name}.c -o $@

{name}_check: check.c vectors.h {name}.o
\t$(CC) $(WARNINGS) $(CFLAGS) check.c {name}.o $(LDLIBS) -o $@

check: {name}_check
\t$(RUN) ./{name}_check

{name}.wasm: {name}.c {name}.h
\t$(CLANG) $(WASM_FLAGS) -Wl,--no-entry -Wl,--strip-all -Wl,--export=__heap_base \\
\t    {exports} {name}.c -o $@

wasm: {"index.html" if page else f"{name}.wasm"}
{page_rule}
clean:
\trm -f {name}.o {name}_check {name}.wasm{" index.html model.js" if page else ""}

.PHONY: all check wasm clean
"""


def _page_rule(name: str, in_file: bool) -> str:
    weights = f' && printf %s \'","weights":"\' && base64 < {name}.bin | tr -d "\\n"' if in_file else ""
    return f"""
index.html: page.html {name}.wasm
\t{{ printf %s '<script>const MODEL = {{"wasm":"' && base64 < {name}.wasm | tr -d "\\n"{weights} \\
\t    && printf '"}};</script>\\n'; }} > model.js
\tsed -e '/<!-- model -->/r model.js' page.html > index.html
\trm -f model.js
"""
