"""The cyclic group C(k)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom
from symc_runtime.groups.finite import Finite, Image
from symc_runtime.groups.turns import (
    IMAGE,
    in_plane,
    on_circle,
    on_grid,
    one_number,
    power_of_turn,
)


class Cyclic(Finite):
    """Turns of k items on a circle: element j is r^j, and r takes item i to i + 1."""

    name = "C"
    title = "cyclic group"
    parameter = "k"
    atoms = {
        "natural": Atom("table", meaning="items on a circle, r takes item i to i + 1"),
        "vector": Atom("table", meaning="a vector of the plane, r turns it by 2 pi / k"),
        "grid": Atom("grid", meaning=IMAGE),
        "regular": Atom("table", meaning="a number for each element, r takes r^j to r^(j + 1)"),
        "irrep": Atom("table", arguments=1, meaning="irreducible, r turns it by 2 pi j / k"),
        "scalar": Atom("trivial"),
    }
    bare = "natural"
    examples = (1, 2, 3, 4, 5, 6, 8, 12)

    def rest_order(self, parameter: int) -> int:
        """k"""
        return parameter

    def rest_order_formula(self, parameter: str) -> int | str:
        """`k`"""
        return int(parameter) if parameter.isdigit() else parameter

    def product(self, parameter: int, left: int, right: int) -> int:
        """r^i r^j = r^(i + j)"""
        return (left + right) % parameter

    def inverse(self, parameter: int, element: int) -> int:
        """r^-j"""
        return -element % parameter

    def generators(self, parameter: int) -> list[int]:
        """r"""
        return [1] if parameter > 1 else []

    def named(self, parameter: int, element: int) -> str:
        """`1`, `r`, `r^2` ..."""
        return power_of_turn(element) or "1"

    def choices(self, atom: str, parameter: int) -> list[tuple[int, ...]]:
        """`irrep(j)` for 0 <= j <= k / 2; `grid` where k turns are quarter turns or halves."""
        if atom == "grid" and parameter not in (1, 2, 4):
            return []
        return [(j,) for j in range(parameter // 2 + 1)] if atom == "irrep" else [()]

    def turned(self, parameter: int, element: int) -> tuple[int, bool]:
        """r is 4 / k quarter turns."""
        return element * 4 // parameter, False

    def size_formula(self, atom: str, parameter: str) -> int | str | None:
        """k, 2 and 1; of `irrep(j)` it hangs on j and k."""
        sizes: dict[str, int | str] = {"natural": parameter, "regular": parameter, "vector": 2}
        return sizes.get(atom)

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        """`natural` and `regular` are the same. `vector`: r turns the plane by 2 pi / k.

        `irrep(j)`: r turns the plane by 2 pi j / k; for j = 0 it keeps one number, for j = k / 2
        it negates one.
        """
        match atom:
            case "natural" | "regular":
                return on_circle(parameter, element, flipped=False)
            case "vector":
                return in_plane(parameter, 1, element, flipped=False)
            case "grid":
                return on_grid(arguments, *self.turned(parameter, element))
            case "irrep":
                (j,) = arguments
                if 2 * j % parameter == 0:
                    return one_number(negated=j > 0 and element % 2 == 1)
                return in_plane(parameter, j, element, flipped=False)
            case "scalar":
                return one_number(negated=False)
        raise KeyError(f"{self.name}({parameter}) has no representation {atom!r}")
