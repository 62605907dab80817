"""The dihedral group D(k)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom, factor
from symc_runtime.groups.finite import Finite, Image, Items
from symc_runtime.groups.turns import (
    IMAGE,
    in_plane,
    on_circle,
    on_grid,
    one_number,
    power_of_turn,
)


class Dihedral(Finite):
    """Turns and reflections of k items on a circle: r takes item i to i + 1, s takes it to -i.

    Element j + k f is r^j s^f: s first, then r.
    """

    name = "D"
    title = "dihedral group"
    parameter = "k"
    atoms = {
        "natural": Atom(
            "table", meaning="items on a circle, r takes item i to i + 1, s takes i to -i"
        ),
        "vector": Atom(
            "table", meaning="a vector of the plane, r turns it by 2 pi / k, s is diag(1, -1)"
        ),
        "grid": Atom("grid", meaning=f"{IMAGE}, s flips the second axis"),
        "regular": Atom("table", meaning="a number for each element, r^j s^f at j + k f"),
        "irrep": Atom(
            "table",
            arguments=1,
            meaning="irreducible, r turns it by 2 pi j / k, s is diag(1, -1)",
        ),
        "sign": Atom("table", meaning="negated by s"),
        "scalar": Atom("trivial"),
    }
    bare = "natural"
    examples = (1, 2, 3, 4, 5, 6, 8)

    def rest_order(self, parameter: int) -> int:
        """2 k"""
        return 2 * parameter

    def rest_order_formula(self, parameter: str) -> int | str:
        """`2*k`"""
        return 2 * int(parameter) if parameter.isdigit() else f"2*{factor(parameter)}"

    def product(self, parameter: int, left: int, right: int) -> int:
        """r^j s^f r^i s^e = r^(j + (-1)^f i) s^(f + e), for s r = r^-1 s."""
        f, j = divmod(left, parameter)
        e, i = divmod(right, parameter)
        return (j - i if f else j + i) % parameter + parameter * ((f + e) % 2)

    def inverse(self, parameter: int, element: int) -> int:
        """Reflections undo themselves."""
        return element if element >= parameter else -element % parameter

    def generators(self, parameter: int) -> list[int]:
        """r and s"""
        return [1, parameter] if parameter > 1 else [parameter]

    def named(self, parameter: int, element: int) -> str:
        """`1`, `r`, `r^2`, `s`, `r s` ..."""
        flipped, turn = divmod(element, parameter)
        return " ".join(filter(None, (power_of_turn(turn), "s" if flipped else ""))) or "1"

    def choices(self, atom: str, parameter: int) -> list[tuple[int, ...]]:
        """`irrep(j)` for 0 <= j <= k / 2; `grid` where k turns are quarter turns or halves."""
        if atom == "grid" and parameter not in (1, 2, 4):
            return []
        return [(j,) for j in range(parameter // 2 + 1)] if atom == "irrep" else [()]

    def turned(self, parameter: int, element: int) -> tuple[int, bool]:
        """r is 4 / k quarter turns, s flips the second axis."""
        flipped, turn = divmod(element, parameter)
        return turn * 4 // parameter, bool(flipped)

    def size_formula(self, atom: str, parameter: str) -> int | str | None:
        """k, 2 k, 2 and 1; of `irrep(j)` it hangs on j and k."""
        sizes: dict[str, int | str | None] = {
            "natural": parameter,
            "regular": self.rest_order_formula(parameter),
            "vector": 2,
            "sign": 1,
        }
        return sizes.get(atom)

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        """`vector`: r turns the plane by 2 pi / k, s is diag(1, -1); `sign`: its determinant.

        `regular`: (g x)[g h] = x[h]. `irrep(j)`: r turns the plane by 2 pi j / k, s is
        diag(1, -1); for j = 0 nothing moves one number, for j = k / 2 r negates one and s keeps it.
        """
        flipped, turn = divmod(element, parameter)
        match atom:
            case "natural":
                return on_circle(parameter, turn, bool(flipped))
            case "vector":
                return in_plane(parameter, 1, turn, bool(flipped))
            case "grid":
                return on_grid(arguments, *self.turned(parameter, element))
            case "regular":
                every = self.every(parameter)
                index = tuple(self.product(parameter, element, other) for other in every)
                return Items(index, (1,) * len(every))
            case "irrep":
                (j,) = arguments
                if 2 * j % parameter == 0:
                    return one_number(negated=j > 0 and turn % 2 == 1)
                return in_plane(parameter, j, turn, bool(flipped))
            case "sign":
                return one_number(negated=bool(flipped))
            case "scalar":
                return one_number(negated=False)
        raise KeyError(f"{self.name}({parameter}) has no representation {atom!r}")
