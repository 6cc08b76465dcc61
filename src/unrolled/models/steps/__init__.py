"""The step program of each model: the same equations as its module, for the runtime and the exports.

Parameters have the names of the module's state dict. Nothing here imports torch.
"""
