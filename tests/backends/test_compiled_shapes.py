"""Mismatched tensors raise errors and are never read beyond their end; tested in a separate process."""

import os
import subprocess
import sys

from numerics import needs_extension

pytestmark = needs_extension

SETUP = """
import torch, unrolled
from unrolled.cells import LSTM, Jordan
from unrolled.errors import UnrolledError
from unrolled.backends import compiled_layer

T, B, I, H = 4, 3, 2, 5
cell = LSTM()
p = {name: torch.randn(shape) for name, shape in cell.shapes(I, H).items()}
x, h, c = torch.randn(T, B, I), torch.randn(B, H), torch.randn(B, H)
compiled_layer(cell, x, (h, c), p)  # shapes that fit are cached, but not in place of others
"""
WRONG_CALLS = {
    "fewer rows of h": "compiled_layer(cell, x, (h[:2], c), p)",
    "more rows of c": "compiled_layer(cell, x, (h, torch.randn(B + 1, H)), p)",
    "narrower c": "compiled_layer(cell, x, (h, c[:, :4]), p)",
    "no c": "compiled_layer(cell, x, (h,), p)",
    "wider x": "compiled_layer(cell, torch.randn(T, B, I + 1), (h, c), p)",
    "short bias": "compiled_layer(cell, x, (h, c), p | {'bias_ih': torch.randn(H)})",
    "another weight": "compiled_layer(cell, x, (h, c), p | {'weight_ih': torch.randn(3 * H, I)})",
    "one mask for all steps": "compiled_layer(cell, x, (h, c), p, masks={'zoneout_h': torch.zeros(1, B, H)})",
    "one mask for all rows": "compiled_layer(cell, x, (h, c), p, masks={'candidate': torch.ones(T, 1, H)})",
    "fewer lengths": "compiled_layer(cell, x, (h, c), p, lengths=torch.ones(2, dtype=torch.int64))",
    "narrow lengths": "compiled_layer(cell, x, (h, c), p, lengths=torch.ones(B, dtype=torch.int32))",
}
TRY_CALL = """
try:
    {call}
except (UnrolledError, TypeError, ValueError) as error:
    print("{name}: refused", flush=True)
else:
    print("{name}: computed", flush=True)
"""
SUBCLASS = """
import torch, unrolled
from torch.testing._internal.two_tensor import TwoTensor

plain = unrolled.LSTM(2, 3, backend="compiled").requires_grad_(False)
doubled = unrolled.LSTM(2, 3, backend="compiled").requires_grad_(False)
doubled.load_state_dict(plain.state_dict())
weight = plain.weight_hh_l0.detach()
doubled.weight_hh_l0 = torch.nn.Parameter(TwoTensor(weight, weight), requires_grad=False)
x = torch.randn(4, 1, 2)
y = doubled(x)[0]
torch.testing.assert_close(y.a if isinstance(y, TwoTensor) else y, plain(x)[0])
print("agrees")
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_mismatched_tensors_are_refused() -> None:
    process = run(
        SETUP + "".join(TRY_CALL.format(call=call, name=name) for name, call in WRONG_CALLS.items())
    )
    assert process.stdout.splitlines() == [f"{name}: refused" for name in WRONG_CALLS]
    assert process.returncode == 0, process.stderr


def test_weights_of_a_tensor_subclass() -> None:
    """Tensor subclasses may have no memory, so a kernel that used their address would read address 0."""
    process = run(SUBCLASS)
    assert process.returncode == 0, process.stderr
    assert process.stdout == "agrees\n"
