"""The layer in JAX: one product with the input of all steps, then ``lax.scan``, compiled together.

JAX sets its number of threads when it starts, and uses every core that the process may run on. For one
thread, this module sets ``XLA_FLAGS``; otherwise limit the process's cores (``taskset``).
"""

import importlib
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from unrolled.bench.sides import LayerCase, Side

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def make(case: LayerCase) -> Side:
    """Return the side of the JAX layer."""
    return JaxSide(case)


class JaxSide:
    """Side of JAX: forward and, in training, the vector-Jacobian product with the upstream gradient."""

    def __init__(self, case: LayerCase) -> None:
        if torch.get_num_threads() == 1:
            os.environ.setdefault("XLA_FLAGS", ONE_THREAD)  # read once, when JAX starts
        jax = importlib.import_module("jax")
        self._jax, self._training = jax, case.training
        self._p = {name.removesuffix("_l0"): jax.numpy.asarray(w.numpy()) for name, w in case.weights.items()}
        self._x = jax.numpy.asarray(case.x.numpy())
        self._upstream = jax.numpy.asarray(case.upstream.numpy())
        forward = _forward(jax, case.cell)

        def step(p: Any, x: Any, upstream: Any) -> Any:
            y, pull_back = jax.vjp(forward, p, x)
            return y, pull_back(upstream)

        self._compiled = jax.jit(step if case.training else forward)

    def __call__(self) -> None:
        """See :meth:`Side.__call__`."""
        self._run()

    def _run(self) -> Any:
        arguments = (self._p, self._x, self._upstream) if self._training else (self._p, self._x)
        return self._jax.block_until_ready(self._compiled(*arguments))

    def compute_tensors(self) -> dict[str, Tensor]:
        """See :meth:`Side.compute_tensors`."""
        if not self._training:
            return {"y": _tensor(self._run())}
        y, (weights, x) = self._run()
        tensors = {"y": _tensor(y), "gradient of x": _tensor(x)}
        return tensors | {f"gradient of {name}_l0": _tensor(g) for name, g in weights.items()}


def _forward(jax: Any, cell: str) -> Callable[[Any, Any], Any]:
    """Return a function from parameters and x (T, B, I) to y (T, B, H), starting with a zero state."""
    steps: dict[str, Callable[..., Any]] = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}

    def forward(p: Any, x: Any) -> Any:
        a = x @ p["weight_ih"].T + p["bias_ih"]
        zeros = jax.numpy.zeros((x.shape[1], p["weight_hh"].shape[1]), x.dtype)
        start = (zeros, zeros) if cell == "lstm" else (zeros,)
        return jax.lax.scan(lambda state, a_t: steps[cell](jax, p, a_t, state), start, a)[1]

    return forward


def _rnn(jax: Any, p: Any, a: Any, state: Any) -> Any:
    h = jax.numpy.tanh(a + state[0] @ p["weight_hh"].T + p["bias_hh"])
    return (h,), h


def _gru(jax: Any, p: Any, a: Any, state: Any) -> Any:
    h_before = state[0]
    a_r, a_z, a_n = jax.numpy.split(a, 3, axis=-1)
    u_r, u_z, u_n = jax.numpy.split(h_before @ p["weight_hh"].T + p["bias_hh"], 3, axis=-1)
    r, z = jax.nn.sigmoid(a_r + u_r), jax.nn.sigmoid(a_z + u_z)
    h = (1 - z) * jax.numpy.tanh(a_n + r * u_n) + z * h_before
    return (h,), h


def _lstm(jax: Any, p: Any, a: Any, state: Any) -> Any:
    h_before, c = state
    i, f, g, o = jax.numpy.split(a + h_before @ p["weight_hh"].T + p["bias_hh"], 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
    h = jax.nn.sigmoid(o) * jax.numpy.tanh(c)
    return (h, c), h


def _tensor(array: Any) -> Tensor:
    return torch.tensor(array.__array__())
