"""A group, its constructor, and the representations it has."""

from __future__ import annotations

import inspect

from symc.editor.owners import Owner
from symc.editor.scope import Scope
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.representations import atoms
from symc.ir.sizes import Size
from symc.ir.tensors import Tensor
from symc.proofs import Stabilizer, generic_stabilizer
from symc_runtime.catalogue import groups as families
from symc_runtime.groups.group import Group


def group_card(group: GroupInstance, scope: Scope, program: Program | None) -> str:
    """Markdown about a group of a spec; `program` where the spec has no errors."""
    facts = families()[group.family]
    constructor = f"{group.family}({group.parameter})"
    lines = [f"```sym\ngroup {group.name} = {constructor}\n```"]
    if group.inline:
        lines = [f"```sym\n{constructor}\n```"]
    lines.append(f"{facts.title}, {extent(facts, scope.sizes.resolved(group.parameter))}")
    lines.append(f"representations: {representations(facts)}")
    carriers = [f"`{t.name}`" for t in (*scope.inputs, *scope.outputs) if _carries(t, group)]
    lines.append("on " + ", ".join(carriers) if carriers else "on no tensor yet")
    if program is not None:
        lines += [_stage(stage) for stage in program.stages if stage.group == group.name]
        found = generic_stabilizer(program, group.name)
        lines += [stabilizer_text(found)] if found is not None else []
    return "\n\n".join(lines)


def _carries(tensor: Tensor, group: GroupInstance) -> bool:
    carried = (atom for axis in tensor.axes for atom in atoms(axis.representation))
    return any(atom.group == group.name for atom in carried)


def extent(facts: Group, parameter: Size) -> str:
    """The order or the dimension of a group; the formula while its parameter is open."""
    value = parameter.value
    order = None if value is None else facts.order(value)
    if order is not None:
        return "1 element" if order == 1 else f"{order:,} elements"
    formula = facts.order_formula(facts.parameter)
    if formula is None and value is not None:
        return f"dimension {facts.dimension(value)}"
    where = "" if str(parameter) == facts.parameter else f", {facts.parameter} = {parameter}"
    if formula is None:
        return f"dimension `{facts.dimension.__doc__}`" + where
    return f"`{formula}` elements" + where


def representations(facts: Group) -> str:
    """The names of all representations, the bare one marked."""
    names = [f"`{n}` (the bare name)" if n == facts.bare else f"`{n}`" for n in facts.atoms]
    return ", ".join(names)


def _stage(stage: Stage) -> str:
    text = f"handled `by {stage.method}`" + ("" if stage.explicit else ", the default")
    if stage.net is not None:
        options = ", ".join(f"{name}={value}" for name, value in stage.net.options.items())
        text += f", net `{stage.net.name}({options})`"
    return text + (f", anchor `{stage.anchor}`" if stage.anchor is not None else "")


def stabilizer_text(found: Stabilizer) -> str:
    """What fixes a generic input, in a sentence."""
    if found.trivial:
        known = "fixes" if found.exact else "is known to fix"
        return f"only the identity {known} a generic input"
    least = "" if found.exact else "at least "
    return f"a generic input is fixed by {least}`{found.text}`: {found.words}"


def constructor_card(family: str) -> str:
    """Markdown about `S(n)`, `E(d)` as such."""
    facts = families()[family]
    return "\n\n".join(
        [
            f"```sym\n{family}({facts.parameter})\n```",
            f"{facts.title}. {inspect.getdoc(facts) or ''}",
            f"representations: {representations(facts)}",
        ]
    )


def representation_card(owner: Owner, name: str) -> str | None:
    """Markdown about `owner.name`; None where the group has no such representation."""
    facts = families()[owner.family]
    if name not in facts.atoms:
        return None
    return f"```sym\n{owner.written}.{name}\n```\n\n{atom_text(facts, name, owner.parameter)}"


def atom_text(facts: Group, name: str, parameter: str) -> str:
    """What a representation of a group with that parameter is, in a line."""
    atom = facts.atoms[name]
    permutes = facts.permutes
    if atom.affine:
        moves = "moves with translations" + (", turns with R" if facts.turns else "")
    elif atom.axis == "natural" and permutes:
        moves = "its items are permuted"
    elif atom.axis == "natural" and facts.flips:
        moves = "each item has a sign of its own"
    elif atom.axis == "natural" and facts.turns:
        moves = "turns with R" + (", translations leave it" if facts.affine else "")
    else:
        moves = "" if atom.character else "nothing moves it"
    if atom.character:
        sign = "the sign of the permutation" if permutes else "det R"
        sign = "the product of all signs" if facts.flips else sign
        moves = f"{moves}, times {sign}" if moves else f"multiplied by {sign}"
    dimension = parameter if atom.axis == "natural" else "1"
    return f"dimension {dimension}: {moves}" + (", the bare name" if facts.bare == name else "")
