"""Groups of a spec and how each is handled."""

from __future__ import annotations

from symc.ir.model import Model
from symc.ir.sizes import Size
from symc_runtime.catalogue import groups as families
from symc_runtime.groups.family import Family


class GroupInstance(Model):
    """One copy of a group. `name`: as the spec names it, `P`, or `E(3)` where it is inline.

    `identifier` is a Python name for it, unique in the spec; `family` a key of the catalogue of
    groups, `S` or `E`; `parameter` the number of items or the dimension of the space.
    """

    name: str
    identifier: str
    family: str
    parameter: Size
    inline: bool

    @property
    def facts(self) -> Family:
        """What is known of the group: of every copy of its family the same."""
        return families()[self.family]


class NetChoice(Model):
    """A net of the catalogue with its options, all of them filled in."""

    name: str
    options: dict[str, bool | int]

    def __str__(self) -> str:
        """As a spec writes it, `gin(hidden=32, layers=3)`."""
        given = [f"{name}={as_written(value)}" for name, value in self.options.items()]
        return f"{self.name}({', '.join(given)})"


def as_written(value: bool | int) -> str:
    """The value of an option of a net as a spec writes it."""
    return str(value).lower()


class Stage(Model):
    """How one group is handled. `samples` and `eval_samples` are what the spec says explicitly.

    `anchor`: the input whose mean is the origin, only for groups with translations (`base` aside).
    `degree`: that of the design whose elements are taken. `net`: None where the compiler chooses,
    or the method has none.
    """

    group: str
    method: str
    explicit: bool
    samples: int | None = None
    eval_samples: int | None = None
    noise_scale: float = 1.0
    temperature: float = 0.1
    entropy: float = 0.1
    haar: float = 0.0
    degree: int | None = None
    net: NetChoice | None = None
    anchor: str | None = None
