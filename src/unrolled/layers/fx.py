"""Record layers as leaf modules in torch.fx graphs, as torch.fx does with torch's own layers."""

from typing import Any

from torch import nn
from torch.fx import Proxy

from unrolled.errors import BackendError


def is_traced(*arguments: object) -> bool:
    """Return whether torch.fx is tracing the call."""
    for argument in arguments:  # noqa: SIM110 - faster than any(), at every call of a layer
        if isinstance(argument, Proxy):
            return True
    return False


def leaf_call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    """Record a call of the module in the graph that torch.fx is tracing, without arguments that are None."""
    proxy = next(a for a in (*args, *kwargs.values()) if isinstance(a, Proxy))
    tracer: Any = proxy.tracer
    path = tracer.path_of_module(module)
    if not path:
        raise BackendError(
            f"torch.fx cannot trace {type(module).__name__} itself: trace a module that contains it"
        )
    keywords = {name: value for name, value in kwargs.items() if value is not None}
    positional = tuple(a for a in args if a is not None)
    return tracer.create_proxy("call_module", path, positional, keywords)
