"""Which modules an expression loads, measured in another process."""

import json
import subprocess
import sys
from collections.abc import Iterable

LOADED = "import sys; print('loaded', *sys.modules)"

FORKS = """
import contextlib, io, json, os, sys, torch, unrolled

before = set(sys.modules)

def help(word):
    from unrolled.cli.main import main
    with contextlib.redirect_stdout(io.StringIO()):
        main(["train", word, "--help"])

for expression in expressions:
    if os.fork() == 0:
        eval(expression)
        print(json.dumps([expression, sorted(set(sys.modules) - before)]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, expression
"""


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(script: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after running the script."""
    return set(run(f"{script}\n{LOADED}").splitlines()[-1].split())


def loaded_in_forks(expressions: Iterable[str]) -> dict[str, set[str]]:
    """Return the modules that each expression loads, in a fork of one interpreter that has loaded torch."""
    lines = run(f"expressions = {list(expressions)}\n{FORKS}").splitlines()
    return {expression: set(modules) for expression, modules in map(json.loads, lines)}
