"""The same layer as torch.nn.LSTM, with ragged rows, visible gates, and the word of which code ran."""

import torch

import unrolled as ur

torch.manual_seed(0)
theirs = torch.nn.LSTM(8, 16, num_layers=2, bidirectional=True)
ours = ur.LSTM(8, 16, num_layers=2, bidirectional=True)
ours.load_state_dict(theirs.state_dict())

x = torch.randn(10, 3, 8)  # T, B, I
difference = (ours(x)[0] - theirs(x)[0]).abs().max()
print(f"largest difference from torch.nn.LSTM: {difference:.1e}")
print(ours.explain())

y, (h, c) = ours(x, lengths=[10, 4, 7])  # no sorting, no packing
print("past the end of row 1:", y[4:, 1].abs().max().item())

gates = ours.trace(x, lengths=[10, 4, 7]).layers["l1_reverse"]
print("visible in every layer:", {name: tuple(value.shape) for name, value in gates.items()})
