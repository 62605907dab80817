"""IR to a torch.fx graph: one pass over the samples, in the spec's own names."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from symc.lower.declarations import affine_in, involves
from symc.lower.identifiers import LOCAL_NAMES, Namespace
from symc.lower.plan import Plan, StagePlan
from symc_runtime.actions import axes as actions
from symc_runtime.actions import nested, symmetric, tables
from symc_runtime.call import shapes
from symc_runtime.spec import layout
from symc_runtime.spec.polynomials import Size, divisor, polynomial

Dim = int


def _nested(leaf: layout.Representation, inverse: bool) -> Callable[..., Any]:
    """How an element of a group that nests moves one axis, or two joint ones."""
    if isinstance(leaf, layout.Joint):
        return nested.unpermute_nested if inverse else nested.permute_nested
    if isinstance(leaf, layout.Table) and leaf.atom == "blocks":
        return nested.unpermute_blocks if inverse else nested.permute_blocks
    return nested.unpermute_items if inverse else nested.permute_items


class GraphBuilder:
    """Builds the graph of `Symmetrized.symmetrize` for one plan.

    `x_in_P` is x as the base of stage P's pose sees it, `x_centered` x before its translation is
    restored. `node.meta["wanted"]` is the name that a node would have if names were not unique:
    emitted code gives it to one value after the other. `node.meta["comment"]` holds the line that
    emitted code shows above a node;
    `node.meta["ragged"]` on the base call says that it passes counts the base may not take.
    """

    def __init__(self, plan: Plan, base_counts: tuple[str, ...] | None) -> None:
        self.plan = plan
        self.graph = fx.Graph()
        self.names = Namespace(LOCAL_NAMES)
        self.comment: str | None = None
        self.folding: fx.Node | None = None
        self.folded = False
        self.base_counts = base_counts
        self.inputs: dict[str, fx.Node] = {}
        self.counts: dict[str, fx.Node] = {}
        self.noise: dict[str, fx.Node] = {}
        self.elements: dict[str, fx.Node] = {}
        self.centers: dict[str, fx.Node] = {}
        self.drawn: list[fx.Node] = []
        self.shared: tuple[fx.Node, ...] = ()
        self.size_nodes: dict[str, fx.Node] = {}
        self.returned = layout.of_base(plan.outputs)
        self.shown = {tensor.name: tensor.name for tensor in plan.inputs}

    # Nodes

    def _record(self, node: fx.Node, wanted: str | None = None) -> fx.Node:
        if wanted is not None:
            node.meta["wanted"] = wanted
        if self.comment is not None:
            node.meta["comment"], self.comment = self.comment, None
        return node

    def _placeholder(self, wanted: str) -> fx.Node:
        name = self.names.name(wanted)
        return self._record(self.graph.create_node("placeholder", name, name=name))

    def _call(
        self, wanted: str, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> fx.Node:
        name = self.names.name(wanted)
        return self._record(
            self.graph.create_node("call_function", function, args, kwargs, name=name), wanted
        )

    def _method(self, wanted: str, method: str, *args: Any) -> fx.Node:
        name = self.names.name(wanted)
        return self._record(self.graph.create_node("call_method", method, args, name=name), wanted)

    def _attribute(self, name: str) -> fx.Node:
        # `outputs` and the like are declarations on the module; the local gets a name of its own.
        return self._record(
            self.graph.create_node("get_attr", name, name=self.names.name(f"declared_{name}"))
        )

    # Sizes

    def _size_name(self, name: str) -> fx.Node | int:
        if name in self.plan.fixed:
            return self.plan.fixed[name]
        if name not in self.size_nodes:
            for tensor in self.plan.inputs:
                for dim, size in enumerate(layout.shape_of(tensor), start=1):
                    if size == name:
                        self.size_nodes[name] = self._method(
                            f"{name}_size", "size", self.inputs[tensor.name], dim
                        )
                        return self.size_nodes[name]
            solved = self._call(
                "sizes",
                shapes.sizes_of,
                self._attribute("inputs"),
                tuple(self.inputs[tensor.name] for tensor in self.plan.inputs),
                self._attribute("fixed"),
            )
            self.size_nodes[name] = self._call(f"{name}_size", operator.getitem, solved, name)
        return self.size_nodes[name]

    def _size(self, size: Size) -> fx.Node | int:
        """A size as a number or a node that computes it."""
        total: fx.Node | int = 0
        for coefficient, powers in polynomial(size):
            term: fx.Node | int = coefficient
            for name, power in powers:
                for _ in range(power):
                    term = self._arithmetic(operator.mul, term, self._size_name(name), 1)
            total = self._arithmetic(operator.add, total, term, 0)
        return self._arithmetic(operator.floordiv, total, divisor(size), 1)

    def _arithmetic(
        self,
        function: Callable[[Any, Any], Any],
        left: fx.Node | int,
        right: fx.Node | int,
        neutral: int,
    ) -> fx.Node | int:
        if isinstance(left, int) and isinstance(right, int):
            result: int = function(left, right)
            return result
        if left == neutral and function is not operator.floordiv:
            return right
        if right == neutral:
            return left
        return self._call("size", function, left, right)

    # Actions, axis by axis

    def _on_axis(
        self,
        x: fx.Node,
        wanted: str,
        representation: layout.Representation,
        dim: Dim,
        relevant: Callable[[layout.Representation], bool],
        move: Callable[[fx.Node, str, layout.Representation, Dim], fx.Node],
        weighed: bool,
    ) -> fx.Node:
        """Apply `move` to every relevant leaf inside the axis, unfolding products and sums.

        And powers; `weighed`: it mixes components, so that those of a dual are divided by the
        number of their places.
        """
        if not relevant(representation):
            return x
        match representation:
            case layout.Product(factors):
                shape = tuple(self._size(layout.symbolic_dimension(f)) for f in factors)
                x = self._method(wanted, "unflatten", x, dim, shape)
                for offset, factor in enumerate(factors):
                    x = self._on_axis(x, wanted, factor, dim + offset, relevant, move, weighed)
                return self._method(wanted, "flatten", x, dim, dim + len(factors) - 1)
            case layout.Sum(terms):
                lengths = tuple(self._size(layout.symbolic_dimension(t)) for t in terms)
                pieces = self._method(f"{wanted}_terms", "split", x, lengths, dim)
                moved = []
                for index, term in enumerate(terms):
                    piece = self._call(f"{wanted}_{index}", operator.getitem, pieces, index)
                    piece = self._on_axis(
                        piece, f"{wanted}_{index}", term, dim, relevant, move, weighed
                    )
                    moved.append(piece)
                if self.folding is not None:
                    moved = [
                        piece
                        if relevant(term)
                        else self._call(f"{wanted}_{i}", actions.fold_like, piece, self.folding)
                        for i, (piece, term) in enumerate(zip(moved, terms, strict=True))
                    ]
                return self._call(wanted, torch.cat, tuple(moved), dim)
            case layout.Sym(carried, power) | layout.Alt(carried, power):
                place = (dim, self._size(layout.symbolic_dimension(carried)), power)
                kind: dict[str, Any] = {}
                if isinstance(representation, layout.Alt):
                    kind = {"alternating": True}
                elif representation.dual and weighed:
                    kind = {"weighed": True}
                x = self._call(wanted, symmetric.full_tensor, x, *place, **kind)
                for offset in range(power):
                    at = dim + offset
                    x = self._on_axis(x, wanted, carried, at, relevant, move, weighed)
                return self._call(wanted, symmetric.components, x, *place, **kind)
            case _:
                return move(x, wanted, representation, dim)

    def _on_tensor(
        self,
        x: fx.Node,
        wanted: str,
        tensor: layout.Tensor,
        relevant: Callable[[layout.Representation], bool],
        move: Callable[[fx.Node, str, layout.Representation, Dim], fx.Node],
        weighed: bool = False,
    ) -> fx.Node:
        for dim, _, axis in layout.slots(tensor):
            x = self._on_axis(x, wanted, axis, dim, relevant, move, weighed)
        return x

    def _moved(
        self, x: fx.Node, wanted: str, tensor: layout.Tensor, group: layout.Group, inverse: bool
    ) -> fx.Node:
        """The element of the group (its linear part) on every axis that it moves."""
        element = self.elements[group.name]

        def move(x: fx.Node, wanted: str, leaf: layout.Representation, dim: Dim) -> fx.Node:
            if isinstance(leaf, layout.Sign):
                return self._call(wanted, actions.flip, x, element)
            function: Callable[..., Any]
            if group.nests:
                return self._call(wanted, _nested(leaf, inverse), x, element, dim)
            if isinstance(leaf, layout.Joint):
                function = tables.unturn if inverse else tables.turn
                return self._call(wanted, function, x, element, dim)
            if isinstance(leaf, layout.Table):
                function = tables.unmove if inverse else tables.move
                return self._call(wanted, function, x, element, leaf.called, dim)
            if group.permutes:
                function = actions.unpermute if inverse else actions.permute
            elif group.flips:
                function = actions.times_signs
            else:
                function = actions.unrotate if inverse else actions.rotate
            return self._call(wanted, function, x, element, dim)

        mixes = not (group.permutes or group.flips)
        moved = self._on_tensor(x, wanted, tensor, lambda r: involves(r, group.name), move, mixes)
        return self._relabelled(moved, wanted, tensor, group) if inverse else moved

    def _relabelled(
        self, x: fx.Node, wanted: str, tensor: layout.Tensor, group: layout.Group
    ) -> fx.Node:
        """Names of items in a pose of these; where there is nothing but padding it stays so."""
        if tensor.names is None or not tensor.named_by(group.name):
            return x
        element = self.elements[group.name]
        if isinstance(tensor.names, layout.Table):
            called = tensor.names.called
            x = self._call(wanted, tables.unname_by, x, element, called)
        else:
            x = self._call(wanted, actions.unname, x, element)
        return self._masked(x, wanted, tensor)

    def _translated(
        self, x: fx.Node, wanted: str, tensor: layout.Tensor, group: layout.Group, inverse: bool
    ) -> fx.Node:
        center = self.centers[group.name]
        function = actions.centered_points if inverse else actions.translate

        def move(x: fx.Node, wanted: str, leaf: layout.Representation, dim: Dim) -> fx.Node:
            return self._call(wanted, function, x, center, dim)

        moved = self._on_tensor(x, wanted, tensor, lambda r: affine_in(r, group.name), move)
        # Outputs are masked once, at the end.
        return self._masked(moved, wanted, tensor) if inverse and moved is not x else moved

    def _ragged_axes(self, tensor: layout.Tensor) -> dict[Dim, fx.Node]:
        return {
            dim: self.counts[size]
            for dim, size in enumerate(layout.shape_of(tensor), start=1)
            if isinstance(size, str) and size in self.counts
        }

    def _masked(self, x: fx.Node, wanted: str, tensor: layout.Tensor) -> fx.Node:
        for dim, counts in self._ragged_axes(tensor).items():
            x = self._call(wanted, actions.keep_valid, x, counts, dim)
        return x

    # Stages

    def _points(
        self,
        x: fx.Node,
        wanted: str,
        value: layout.Representation,
        dim: Dim,
        group: str,
        added: int = 0,
    ) -> list[tuple[fx.Node, Dim, int]]:
        """The point components inside an axis, each with the axis of its coordinates.

        And how many axes more it has, its products unfolded: those behind have moved by as many.
        """
        match value:
            case layout.Natural():
                return [(x, dim, added)]
            case layout.Product(factors):
                shape = tuple(self._size(layout.symbolic_dimension(f)) for f in factors)
                x = self._method(f"{wanted}_points", "unflatten", x, dim, shape)
                index = next(i for i, factor in enumerate(factors) if affine_in(factor, group))
                added += len(factors) - 1
                return self._points(x, wanted, factors[index], dim + index, group, added)
            case layout.Sum(terms):
                lengths = tuple(self._size(layout.symbolic_dimension(t)) for t in terms)
                pieces = self._method(f"{wanted}_terms", "split", x, lengths, dim)
                found: list[tuple[fx.Node, Dim, int]] = []
                for index, term in enumerate(terms):
                    if affine_in(term, group):
                        piece = self._call(f"{wanted}_{index}", operator.getitem, pieces, index)
                        found += self._points(piece, wanted, term, dim, group, added)
                return found
            case _:
                return []

    def _center(self, plan: StagePlan) -> None:
        """The translation of a Euclidean stage: the mean of the anchor's points."""
        group = plan.group.name
        anchor = next(tensor for tensor in self.plan.inputs if tensor.name == plan.stage.anchor)
        x = self.inputs[anchor.name]
        position, axis = next(
            (dim, axis) for dim, _, axis in layout.slots(anchor) if affine_in(axis, group)
        )
        pieces = []
        for piece, dim, added in self._points(x, anchor.name, axis, position, group):
            counts = {
                at if at < position else at + added: node
                for at, node in self._ragged_axes(anchor).items()
            }
            pieces.append((piece, dim, counts) if counts else (piece, dim))
        self.centers[group] = (
            self._call(f"{plan.attribute}_center", actions.center, *pieces[0])
            if len(pieces) == 1
            else self._call(f"{plan.attribute}_center", actions.center_of_all, *pieces)
        )
        for tensor in self.plan.inputs:
            x = self.inputs[tensor.name]
            wanted = f"{tensor.name}_centered"
            moved = self._translated(x, wanted, tensor, plan.group, inverse=True)
            if moved is not x:
                self.inputs[tensor.name], self.shown[tensor.name] = moved, wanted

    def _draw(self, plan: StagePlan) -> None:
        """The element of a stage from its noise and the inputs as the stage sees them."""
        noise = self._method(
            f"{plan.attribute}_noise", "flatten", self.noise[plan.group.name], 0, 1
        )
        keywords: dict[str, Any] = {"counts": dict(self.counts)} if self.counts else {}
        if plan.shares:
            keywords["shared"] = self.shared
        if not self.folded:
            self.shared = tuple(self.inputs.values())
        element = self._record(
            self.graph.create_node(
                "call_module",
                plan.attribute,
                (noise, *self.inputs.values()),
                keywords,
                name=self.names.name(plan.attribute),
            )
        )
        self.elements[plan.group.name] = element
        self.drawn.append(element)
        first, self.folded = not self.folded, True
        self.folding = noise if first else None
        for tensor in self.plan.inputs:
            x = self.inputs[tensor.name]
            wanted = f"{tensor.name}_in_{plan.attribute}"
            moved = self._moved(x, wanted, tensor, plan.group, inverse=True)
            if moved is not x:
                self.shown[tensor.name] = wanted
            elif first:
                moved = self._call(self.shown[tensor.name], actions.fold_like, x, noise)
            self.inputs[tensor.name] = moved
        if first:
            for name, value in self.counts.items():
                self.counts[name] = self._call(name, actions.fold_like, value, noise)
        self.folding = None

    def _own(self, name: str, x: fx.Node) -> fx.Node:
        """An input of the base, which may work in it: what nothing else is, nor is in a graph.

        What the last stage moves is new and only the base's. All else is the caller's, or was read
        by nets, whose gradients want it as it was.
        """
        if x.op == "placeholder":
            return self._method(self.shown[name], "clone", x)
        folded = x.target is actions.fold_like
        if not x.users:
            if folded:
                x.target = actions.fold_anew
            return x
        return self._call(self.shown[name], actions.own, x, *([x.args[0]] if folded else []))

    def _base(self) -> dict[str, fx.Node]:
        self.comment = "The base model, in canonical poses."
        arguments = tuple(self._own(name, x) for name, x in self.inputs.items())
        counts: dict[str, Any] = dict(self.counts)
        if self.base_counts is not None:
            counts = {
                name: self._method(name, "clone", node)
                for name, node in self.counts.items()
                if name in self.base_counts
            }
        returned = self._record(
            self.graph.create_node(
                "call_module",
                "base",
                arguments,
                counts,
                name=self.names.name("returned"),
            )
        )
        returned.meta["counts"] = dict(self.counts)
        checked = self._call(
            "checked",
            shapes.check_base,
            returned,
            self._attribute("inputs"),
            self._attribute("outputs"),
            self._attribute("fixed"),
            arguments,
        )
        return {
            tensor.name: self._call(self._poses(tensor)[-1], operator.getitem, checked, index)
            for index, tensor in enumerate(self.returned)
        }

    def _poses(self, tensor: layout.Tensor) -> list[str]:
        """Names of an output: as it is returned, before it is translated, before the first stage
        moves it, the second...
        """
        poses = [tensor.name]
        for plan in self.plan.stages:
            group = plan.group.name
            if group in self.centers and any(affine_in(axis, group) for axis in tensor.axes):
                poses.append(f"{tensor.name}_centered")
        for plan in self.plan.stages:
            group = plan.group.name
            if group in self.elements and any(involves(axis, group) for axis in tensor.axes):
                poses.append(f"{tensor.name}_in_{plan.attribute}")
        return poses

    def build(self) -> fx.Graph:
        """The graph: inputs, counts and noise in; outputs of every sample and elements out."""
        for tensor in self.plan.inputs:
            self.inputs[tensor.name] = self._placeholder(tensor.name)
        for name in self.plan.ragged:
            self.counts[name] = self._placeholder(f"{name}")
        for entry in self.plan.draws:
            self.noise[entry.key] = self._placeholder(f"{entry.attribute}_noise")
        for plan in self.plan.stages:
            self.comment = plan.comment
            if plan.stage.anchor is not None:
                self._center(plan)
            if plan.distribution is not None:
                self._draw(plan)
        outputs = self._base()
        poses = {tensor.name: self._poses(tensor)[:-1] for tensor in self.returned}
        for plan in reversed(self.plan.stages):
            group = plan.group
            self.comment = f"Back: {group} moves the outputs."
            for tensor in self.returned:
                if group.name in self.elements and any(
                    involves(axis, group.name) for axis in tensor.axes
                ):
                    outputs[tensor.name] = self._moved(
                        outputs[tensor.name], poses[tensor.name].pop(), tensor, group, inverse=False
                    )
        # Translations commute with what other groups do. Last, for the soft gradient of a
        # permutation is to see how items differ, not how far from the origin all of them are.
        for place, plan in reversed(list(enumerate(self.plan.stages))):
            group = plan.group
            # Right behind the rotations of the same group that is said already.
            said = not place and group.name in self.elements
            self.comment = None if said else f"Back: {group} translates the outputs."
            for tensor in self.returned:
                if group.name in self.centers and any(
                    affine_in(axis, group.name) for axis in tensor.axes
                ):
                    outputs[tensor.name] = self._translated(
                        outputs[tensor.name], poses[tensor.name].pop(), tensor, group, inverse=False
                    )
        self.comment = "Padding stays out." if self.plan.ragged else None
        for tensor in self.returned:
            outputs[tensor.name] = self._masked(outputs[tensor.name], tensor.name, tensor)
        self.comment = None
        self.graph.output((tuple(outputs.values()), tuple(self.drawn)))
        return self.graph
