"""Packed rows outside the graph of ``torch.compile``.

``torch.compile`` cannot trace how rows are packed, because that depends on the values in ``lengths``.
"""

import torch

from unrolled.backends.aten import run_packed

run_packed_eagerly = torch.compiler.disable(run_packed, reason="torch packs rows by the values in lengths")
