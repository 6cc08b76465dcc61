"""JSON schemas of requests and answers, with the limits of the server."""

from collections.abc import Mapping
from typing import Any

import msgspec

from unrolled.serve.options import LimitOptions
from unrolled.tasks.base.service.messages import LIMIT

Schema = dict[str, Any]
BOUNDS = {"string": "maxLength", "array": "maxItems", "object": "maxProperties", "integer": "maximum"}
"""Keyword that bounds a value, by its type."""


class Schemas:
    """JSON schemas of types, by name.

    Args:
        limits: limits of the server.
    """

    def __init__(self, limits: LimitOptions) -> None:
        self._limits = limits.by_name
        self._types: dict[str, type[Any]] = {}

    def reference(self, kind: type[Any], prefix: str = "") -> Schema:
        """Return a reference to the schema of a type."""
        self._types[prefix + kind.__name__] = kind
        return {"$ref": f"#/components/schemas/{prefix}{kind.__name__}"}

    def all(self) -> Schema:
        """Return all schemas."""
        result: Schema = {}
        for name, kind in self._types.items():
            prefix = name.removesuffix(kind.__name__)
            _, components = msgspec.json.schema_components(
                [kind], ref_template=f"#/components/schemas/{prefix}{{name}}"
            )
            result |= {prefix + key: bounded(schema, self._limits) for key, schema in components.items()}
        return dict(sorted(result.items()))


def bounded(schema: Any, limits: Mapping[str, int]) -> Any:
    """Return a schema in which the names of limits are replaced by their values."""
    if isinstance(schema, list):
        return [bounded(part, limits) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: bounded(part, limits) for key, part in schema.items() if key != LIMIT}
    if LIMIT in schema:
        keyword, limit = BOUNDS[schema["type"]], limits[schema[LIMIT]]
        result[keyword] = min(limit, schema.get(keyword, limit))
    return result
