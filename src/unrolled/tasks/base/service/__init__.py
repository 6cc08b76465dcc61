"""Services of trained models: operations with typed requests and answers.

Nothing here knows HTTP, and nothing needs torch. The server reads the operations of a service: it checks and
batches the requests, runs them in the one thread of the model, and describes them in OpenAPI.
"""

from unrolled.tasks.base.service.messages import (
    Answer,
    Continued,
    Continuing,
    Items,
    Request,
    Seed,
    State,
    Temperature,
    Text,
    limited,
)
from unrolled.tasks.base.service.operations import Operation, StatefulOperation, WritingOperation
from unrolled.tasks.base.service.service import Limits, Service
from unrolled.tasks.base.service.writer import Progress, Writer

__all__ = [
    "Answer",
    "Continued",
    "Continuing",
    "Items",
    "Limits",
    "Operation",
    "Progress",
    "Request",
    "Seed",
    "Service",
    "State",
    "StatefulOperation",
    "Temperature",
    "Text",
    "Writer",
    "WritingOperation",
    "limited",
]
