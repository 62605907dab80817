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
from symc_runtime.groups.family import Family
from symc_runtime.groups.finite import Finite


def group_card(group: GroupInstance, scope: Scope, program: Program | None) -> str:
    """Markdown about a group of a spec; `program` where the spec has no errors."""
    facts = group.facts
    constructor = f"{group.family}({group.parameter})"
    lines = [f"```sym\ngroup {group.name} = {constructor}\n```"]
    if group.inline:
        lines = [f"```sym\n{constructor}\n```"]
    lines.append(f"{facts.title}, {extent(facts, scope.sizes.resolved(group.parameter))}")
    value = scope.sizes.resolved(group.parameter).value
    lines.append(f"representations: {representations(facts, value)}")
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


def extent(facts: Family, parameter: Size) -> str:
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


def representations(facts: Family, parameter: int | None = None) -> str:
    """How all representations are written, the bare one marked; those of one group if known."""
    names = [
        f"`{label(facts, n)}` (the bare name)" if n == facts.bare else f"`{label(facts, n)}`"
        for n in existing(facts, parameter)
    ]
    return ", ".join(names)


def existing(facts: Family, parameter: int | None) -> list[str]:
    """The names of the representations that a group has; of all its family where None."""
    if parameter is None or not isinstance(facts, Finite):
        return list(facts.atoms)
    return [name for name in facts.atoms if facts.choices(name, parameter)]


def label(facts: Family, name: str) -> str:
    """A representation with what it takes in brackets, `irrep(j)`."""
    count = facts.atoms[name].arguments
    return f"{name}({', '.join('jkl'[:count])})" if count else name


def _stage(stage: Stage) -> str:
    text = f"handled `by {stage.method}`" + ("" if stage.explicit else ", the default")
    if stage.net is not None:
        text += f", net `{stage.net}`"
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
    written = f"{owner.written}.{label(facts, name)}"
    return f"```sym\n{written}\n```\n\n{atom_text(facts, name, owner.parameter)}"


def atom_text(facts: Family, name: str, parameter: str) -> str:
    """What a representation of a group with that parameter is, in a line."""
    atom = facts.atoms[name]
    facts.refuse_without_rule()
    if isinstance(facts, Finite):
        return _tabled_text(facts, name, parameter)
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


def _tabled_text(facts: Finite, name: str, parameter: str) -> str:
    """The same of a group whose own facts say what its elements do."""
    atom = facts.atoms[name]
    text = atom.meaning or ("nothing moves it" if atom.axis == "trivial" else "")
    if not text:
        moved = facts.signless(name, max(facts.examples))
        text = "its items are permuted" if moved else "each element has a matrix of its own"
    text += ", the bare name" if facts.bare == name else ""
    if atom.axis == "grid":
        return f"dimension h*w on axes `(h, w)` together: {text}"
    known = int(parameter) if parameter.isdigit() else None
    size: int | str | None
    if known is None:
        size = 1 if atom.axis == "trivial" else facts.size_formula(name, parameter)
    else:
        sizes = {facts.size(name, choice, known) for choice in facts.choices(name, known)}
        size = " or ".join(map(str, sorted(sizes))) or None
    if size is None:
        size = "1 or 2" if atom.arguments else "of its own"
    written = f"dimension {size}: {text}"
    every = facts.choices(name, known) if known is not None and atom.arguments == 1 else ()
    return f"{written}, j from {every[0][0]} to {every[-1][0]}" if every else written
