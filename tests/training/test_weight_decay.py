"""Weight decay that was asked for without an optimiser."""

import torch

from unrolled.training import OptimizerConfig
from unrolled.training.optimizer import make_optimizer


def test_adam_with_weight_decay_is_adamw():
    parameters = [torch.nn.Parameter(torch.ones(2))]
    found = make_optimizer(OptimizerConfig(weight_decay=0.1), parameters)
    assert type(found) is torch.optim.AdamW
    assert found.param_groups[0]["weight_decay"] == 0.1
    assert type(make_optimizer(OptimizerConfig(), parameters)) is torch.optim.Adam
