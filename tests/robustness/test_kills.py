"""One round of the program that kills commands at random moments; ``make kills`` plays many."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("kills.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_random_kills_leave_no_damage():
    command = [sys.executable, PROGRAM, "--only", "save", "--rounds", "1"]
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failures" in done.stdout
