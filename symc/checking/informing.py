"""What the inputs tell about an element of each group, and which methods that allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from symc.checking.report import Report, listed
from symc.ir.blocks import Block
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Several, Size
from symc.source import Span
from symc.syntax import ast
from symc_runtime.groups.family import Family
from symc_runtime.methods.method import Method
from symc_runtime.nets.net import LOOKED_AT


class Informing:
    """The inputs as blocks, and the family of each group.

    `complete`: False where an input could not be read, so that nothing may be said to be missing.
    `bounds`: of ragged and of fixed sizes. `named`: groups whose items whole numbers name.
    """

    def __init__(
        self,
        inputs: dict[str, tuple[Block, ...]],
        families_of: Mapping[str, Family],
        complete: bool,
        report: Report,
        bounds: Mapping[str, int],
        named: frozenset[str] = frozenset(),
    ) -> None:
        self.inputs = inputs
        self.families_of = families_of
        self.complete = complete
        self.report = report
        self.bounds = bounds
        self.named = named

    @cached_property
    def _blocks(self) -> list[Block]:
        return [block for blocks in self.inputs.values() for block in blocks]

    @cached_property
    def _moving(self) -> frozenset[str]:
        on_axes = {axis.group for block in self._blocks for axis in block.axes}
        signs = {name for block in self._blocks for name in block.characters}
        return frozenset(name for name in on_axes | signs if name is not None)

    def carries(self, group: GroupInstance) -> bool:
        """Whether some input is moved by the group."""
        return group.name in self._moving

    def anchor(self, group: GroupInstance) -> str | None:
        """The first input that carries a point of the group."""
        for name, blocks in self.inputs.items():
            if any(block.affine == group.name for block in blocks):
                return name
        return None

    @cached_property
    def _paired(self) -> frozenset[str]:
        found = set()
        for block in self._blocks:
            once: set[str | None] = {None}
            for axis in block.axes:
                if axis.group in once and axis.group is not None:
                    found.add(axis.group)
                once.add(axis.group)
        return frozenset(found)

    def has_pairs(self, group: GroupInstance) -> bool:
        """Whether some input has features of pairs of the group's items."""
        return group.name in self._paired

    def names_items(self, group: GroupInstance) -> bool:
        """Whether whole numbers in some input name items of the group."""
        return group.name in self.named

    def most(self, group: GroupInstance) -> int | None:
        """The most items, or dimensions, that a call may have; None where any may come."""
        size = group.parameter
        if isinstance(size, Several):
            most = 1
            for each in size.sizes:
                one = self._largest(each)
                if one is None:
                    return None
                most *= one
            return most
        return self._largest(size)

    def _largest(self, size: Size) -> int | None:
        known = [bound for name, bound in self.bounds.items() if size == Size.variable(name)]
        return known[0] if known else size.value

    def has_images(self, group: GroupInstance) -> bool:
        """Whether some input has images on a grid of the group that a net can look at.

        Beside the grid are channels, items, and what else the group itself moves; of vectors and
        signs of other groups only what they leave alone could be seen.
        """
        grid = group.facts.atoms.get("grid")
        if grid is None or grid.axes not in LOOKED_AT:
            return False
        return any(
            any(axis.group == group.name and axis.atom == "grid" for axis in block.axes)
            and not block.characters
            and all(axis.group in self._seen_with(group) for axis in block.axes)
            for block in self._blocks
        )

    def _seen_with(self, group: GroupInstance) -> set[str | None]:
        permuting = {name for name, of in self.families_of.items() if of.permutes or of.nests}
        return {None, group.name, *permuting}

    def _has_vectors(self, group: GroupInstance) -> bool:
        """Whether some block is odd in the group's vectors and free of its determinant."""
        return any(
            len(block.natural_axes(group.name)) % 2 == 1 and group.name not in block.characters
            for block in self._blocks
        )

    def allows(self, group: GroupInstance, method: Method, span: Span) -> bool:
        """Whether the method can handle the group on these inputs; else it is reported."""
        facts = group.facts
        translates = facts.shifts and not facts.turns
        if translates and method.name == "average":
            self.report.error(
                "SYM502",
                span,
                f"`average` cannot handle `{group.name}`: translations have no Haar "
                "probability measure",
                help="write `by frame`: the translation is taken from the mean of the points",
            )
            return False
        if not self.complete or facts.permutes or facts.tabled or facts.nests or translates:
            return True
        if facts.flips:
            return self._tells_signs(group, method, span)
        if method.name == "frame" and not any(b.natural_axes(group.name) for b in self._blocks):
            self.report.error(
                "SYM503",
                span,
                f"`frame` finds no axes of `{group.name}`: no input has a point, a vector or a "
                "pseudovector of it",
                help="write `by average`, or give the model a vector input",
            )
            return False
        if method.name == "canonical" and not self._has_vectors(group):
            self.report.error(
                "SYM502",
                span,
                f"`canonical` cannot choose one element of `{group.name}`: no input has a point "
                "or a vector of it",
                help="x and -x look alike to what there is; write `by average` or "
                f"`by {'frame' if self._framed(group) else 'probabilistic'}`",
            )
            return False
        return True

    def _tells_signs(self, group: GroupInstance, method: Method, span: Span) -> bool:
        """Whether some input has numbers with the sign of one item; else it is reported."""
        chooses = method.name in ("frame", "canonical")
        alone = any(
            len(block.natural_axes(group.name)) == 1 and group.name not in block.characters
            for block in self._blocks
        )
        if alone or not chooses:
            return True
        frame = method.name == "frame"
        self.report.error(
            "SYM503" if frame else "SYM502",
            span,
            f"`{method.name}` finds no signs of `{group.name}`: no input has an axis "
            f"`{group.parameter}: {group.name}` alone",
            help="an item and its mirror image look alike to what there is; write `by average`, or "
            "give the model an input with such an axis",
        )
        return False

    def _framed(self, group: GroupInstance) -> bool:
        return any(block.natural_axes(group.name) for block in self._blocks)

    def refuse_anchor(self, anchor: ast.Name, groups: Sequence[GroupInstance]) -> None:
        """Report an `anchor=NAME` that cannot be the origin of points of these groups."""
        moving = [group for group in groups if group.facts.affine]
        if groups and not moving:
            self.report.error(
                "SYM509",
                anchor.span,
                f"{listed(group.name for group in groups)} has no translations, so it takes no "
                "anchor",
                help="drop `anchor`; it is for `E(d)`, `SE(d)` and `T(d)`",
            )
            return
        if not self.complete:
            return
        for group in moving:
            fitting = [
                name
                for name, blocks in self.inputs.items()
                if any(block.affine == group.name for block in blocks)
            ]
            if anchor.text in fitting:
                continue
            known = anchor.text in self.inputs
            self.report.error(
                "SYM509",
                anchor.span,
                f"the input `{anchor.text}` carries no point of `{group.name}`"
                if known
                else f"`{anchor.text}` is no input",
                help=f"inputs with a point of `{group.name}`: {listed(fitting)}"
                if fitting
                else f"no input carries a point of `{group.name}`: drop `anchor`",
            )
            return
