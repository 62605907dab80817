"""The base of every IR class: a frozen record, read and written as JSON through pydantic.

Records are dataclasses, so that `symc check`, which writes no JSON, need not import pydantic: that
takes longer than all the checking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, dataclass_transform

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Model:
    """A frozen record: equal by value, usable as a key, with the methods of a pydantic model."""

    __pydantic_config__ = {"extra": "forbid"}

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    def model_copy(self, *, update: dict[str, Any]) -> Self:
        """The same with other values of some fields."""
        record: Any = self
        changed: Self = replace(record, **update)
        return changed

    def model_dump(self) -> dict[str, Any]:
        """As dicts, tuples, numbers and strings."""
        dumped: dict[str, Any] = _adapter(type(self)).dump_python(self)
        return dumped

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """As JSON."""
        return _adapter(type(self)).dump_json(self, indent=indent).decode()

    @classmethod
    def model_validate(cls, value: object) -> Self:
        """From what `model_dump` gave. Raises pydantic.ValidationError."""
        made: Self = _adapter(cls).validate_python(value)
        return made

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """From JSON. Raises pydantic.ValidationError."""
        made: Self = _adapter(cls).validate_json(text)
        return made

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of what `model_dump_json` writes."""
        return _adapter(cls).json_schema()


_adapters: dict[str, TypeAdapter[Any]] = {}


def _adapter(kind: type[Model]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    name = f"{kind.__module__}.{kind.__qualname__}"
    if name not in _adapters:
        _adapters[name] = TypeAdapter(kind)
    return _adapters[name]
