"""A drop-in replacement for torch.nn.LSTM, with ragged batches, visible gates and a choice of backends."""

import torch

import unrolled as ur

torch.manual_seed(0)
torch_lstm = torch.nn.LSTM(8, 16, num_layers=2, bidirectional=True)
lstm = ur.LSTM(8, 16, num_layers=2, bidirectional=True)
lstm.load_state_dict(torch_lstm.state_dict())

x = torch.randn(10, 3, 8)  # T, B, I
difference = (lstm(x)[0] - torch_lstm(x)[0]).abs().max()
print(f"largest difference from torch.nn.LSTM: {difference:.1e}")
print(lstm.explain())  # the backend that ran, and why

y, (h, c) = lstm(x, lengths=[10, 4, 7])  # a ragged batch, without sorting or packing
print("past the end of row 1:", y[4:, 1].abs().max().item())

gates = lstm.trace(x, lengths=[10, 4, 7]).layers["l1_reverse"]
print("visible in every layer:", {name: tuple(value.shape) for name, value in gates.items()})
