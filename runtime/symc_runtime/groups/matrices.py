"""What groups of orthogonal matrices share, with translations or without."""

from __future__ import annotations

from symc_runtime.groups.family import LARGEST, Family, factor


class Matrices(Family):
    """A group whose compact rest is O(d) or, `special`, SO(d)."""

    parameter = "d"

    def rest_order(self, parameter: int) -> int | None:
        """Only in one dimension: a sign for O(1), nothing for SO(1)."""
        if parameter != 1:
            return None
        return 1 if self.special else 2

    def every(self, parameter: int) -> list[list[list[int]]]:
        """The matrices [order, 1, 1] in one dimension."""
        if parameter != 1:
            raise TypeError(f"{self.name}({parameter}) is not enumerated: it is infinite")
        return [[[1]]] if self.special else [[[1]], [[-1]]]

    def frame_order(self, parameter: int) -> int | None:
        """Choices of signs of principal axes; in SO(d) the last follows from the determinant."""
        signs = parameter - 1 if self.special else parameter
        order = 1 << min(signs, 63)
        return order if order <= LARGEST else None

    def frame_order_formula(self, parameter: str) -> str:
        """`2^d`, `2^(d - 1)`"""
        return f"2^({parameter} - 1)" if self.special else f"2^{factor(parameter)}"
