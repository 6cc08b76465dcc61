"""Without its compiled extension the package warns, and works."""

import subprocess
import sys

SCRIPT = """
import sys, warnings

class Block:
    def find_spec(self, name, path=None, target=None):
        if name == "unrolled._core":
            raise ImportError("blocked for this test")

sys.meta_path.insert(0, Block())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import unrolled
    import unrolled.cli.main
    unrolled.LSTM
    unrolled.LanguageModel
ours = [w for w in caught if "compiled extension" in str(w.message)]
assert len(ours) == 1, [str(w.message) for w in caught]
assert ours[0].category is RuntimeWarning
assert "blocked for this test" in str(ours[0].message)
assert "pip install" in str(ours[0].message)
assert unrolled.extension.core is None
assert "absent" in unrolled.extension.describe()

for cell in ("lstm", "gru", "elman", "jordan"):
    lm = unrolled.LanguageModel(
        cell=cell, hidden=8, embedding=4, batch=4, steps=8, max_steps=12, lr=0.02, threads=1
    )
    lm.fit(sys.argv[1], progress=False)
    train = [r["loss"] for r in lm.history if r["kind"] == "train"]
    assert train[-1] < train[0], (cell, train)
    assert len(lm.generate("The ", 10)) == 10
assert unrolled.cli.main.main(["info"]) == 0
print("all is well")
"""


def test_the_package_warns_once_and_trains(english_file):
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(english_file)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[-1] == "all is well"
    assert "compiled core: absent" in process.stdout
