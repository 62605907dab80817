"""A tensor: its type written out, shape, dimension, and the blocks it falls into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from symc.description.text import irreducible_sum, linear_part, validity
from symc.editor.scope import Scope
from symc.ir.blocks import Block, TooManyBlocksError, blocks
from symc.ir.groups import GroupInstance
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc.ir.tensors import Tensor
from symc.irreps import decompose
from symc.proofs import value_space

_SHOWN = 8


def tensor_card(tensor: Tensor, scope: Scope, program: Program | None = None) -> str:
    """Markdown about an input or an output; `program` where the spec has no errors."""
    groups = tuple(scope.groups.values())
    kind = "output" if tensor in scope.outputs else "input"
    shape = ", ".join(["batch", *map(str, tensor.shape)])
    total = Size.constant(1)
    for axis in tensor.axes:
        total = total * axis.size
    known = scope.sizes.resolved(total)
    dimension = f"`{total}`" if known == total else f"`{total}` = `{known}`"
    lines = [f"```sym\n{kind} {written(tensor, groups)}\n```"]
    lines.append(f"shape `[{shape}]`, dimension {dimension}")
    if tensor.labels is not None:
        lines.append(f"labels: whole numbers 0 to {tensor.labels - 1}, moved but not mixed")
    if tensor.names is not None:
        last = f"`{tensor.names.dimension}` - 1"
        lines.append(
            f"names of items: whole numbers 0 to {last}, relabelled as `{tensor.names.group}` "
            "moves its items"
        )
    if tensor.derivation is not None:
        lines.append(
            f"derived after symmetrization from `{tensor.derivation.of}`, by "
            f"`{tensor.derivation.by}`; the base does not return it"
        )
    lines.append(_decomposition(tensor, groups))
    if program is not None:
        lines += _irreducibles(tensor, program)
        if kind == "output":
            lines += _values(tensor, program)
    return "\n\n".join(lines)


def _irreducibles(tensor: Tensor, program: Program) -> list[str]:
    values = {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    found = decompose(tensor, program.groups, values)
    if found is None or not found.groups:
        return []
    qualified = [f"irreducible: `{irreducible_sum(found)}`", validity(found), linear_part(found)]
    return [", ".join(part for part in qualified if part)]


def _values(output: Tensor, program: Program) -> list[str]:
    """Where its expectation can lie at one input, if that is proved."""
    space = value_space(program, output.name)
    if space is None:
        return []
    if space.dimension == space.total:
        return ["at a generic input its expectation can be anything"] if space.exact else []
    most = "" if space.exact else "at most "
    return [
        f"at a generic input its expectation fills {most}{space.dimension} of {space.total} "
        "dimensions"
    ]


def _decomposition(tensor: Tensor, groups: Sequence[GroupInstance]) -> str:
    try:
        cut = blocks(tensor, groups)
    except TooManyBlocksError:
        return "It falls into too many blocks to list."
    named = {group.name: group for group in groups}
    runs = [(text, len(list(same))) for text, same in groupby(_block(b, named) for b in cut)]
    lines = [f"- {f'{count} times ' if count > 1 else ''}{text}" for text, count in runs[:_SHOWN]]
    if len(runs) > _SHOWN:
        lines.append(f"- … and {len(runs) - _SHOWN} more")
    head = "One block:" if len(cut) == 1 else f"{len(cut)} blocks:"
    return "\n".join([head, "", *lines])


def _block(block: Block, groups: dict[str, GroupInstance]) -> str:
    """`n permuted by P × 3 turned and moved by M`."""
    parts = []
    for axis in block.axes:
        if axis.group is None:
            if axis.size != Size.constant(1):
                parts.append(f"`{axis.size}` channels")
            continue
        facts = groups[axis.group].facts
        if facts.permutes or facts.nests:
            moved = "permuted"
        elif facts.flips:
            moved = "with a sign each"
        elif facts.turns:
            moved = "turned and moved" if block.affine == axis.group else "turned"
        else:
            moved = "moved"
        parts.append(f"`{axis.size}` {moved} by `{axis.group}`")
    text = " × ".join(parts) or "one number"
    if block.folds:
        how = {False: "symmetric", True: "alternating"}
        kinds = " and ".join(dict.fromkeys(how[fold.alternating] for fold in block.folds))
        text += f", {kinds} where indices are exchanged"
    if block.characters:
        signs = ", ".join(f"`{name}`" for name in sorted(block.characters))
        text += f", times the sign of {signs}"
    return text
