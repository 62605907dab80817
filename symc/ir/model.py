"""The base of every IR class: frozen, no unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen, strict pydantic model: equal by value, usable as a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")
