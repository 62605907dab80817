"""What there is to say about a checked spec, as plain data."""

from __future__ import annotations

from symc.description.groups import describe_group
from symc.description.model import (
    Cost,
    Description,
    GroupDescription,
    SizeDescription,
    StageDescription,
    TensorDescription,
)
from symc.description.stages import cost, describe_stage, enumerated
from symc.ir.determination import determine
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc.irreps import decompose
from symc.proofs import generic_stabilizer, prove, value_spaces

__all__ = [
    "Cost",
    "Description",
    "GroupDescription",
    "SizeDescription",
    "StageDescription",
    "TensorDescription",
    "describe",
]


def describe(program: Program) -> Description:
    """Describe a program; reads facts only, never tensors."""
    values = {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    told = {
        entry.name: f"{entry.tensor}, axis {entry.axis}"
        for entry in determine(program.inputs, values.keys())
    }
    parameters = {g.name: g.parameter.substitute(values) for g in program.groups}
    spaces = value_spaces(program)
    elements = enumerated(program, parameters, training=True)
    in_eval = enumerated(program, parameters, training=False)
    tensors = [("input", t) for t in program.inputs] + [("output", t) for t in program.outputs]
    return Description(
        name=program.name,
        doc=program.doc,
        groups=tuple(
            describe_group(g, parameters[g.name], generic_stabilizer(program, g.name))
            for g in program.groups
        ),
        sizes=tuple(
            SizeDescription(
                name=v.name, kind=v.kind, value=v.value, bound=v.bound, told_by=told.get(v.name)
            )
            for v in program.sizes
        ),
        tensors=tuple(
            TensorDescription(
                name=t.name,
                kind=kind,
                written=written(t, program.groups),
                shape=tuple(map(str, t.shape)),
                labels=t.labels,
                names=None if t.names is None else t.names.group,
                irreducibles=decompose(t, program.groups, values),
                values=spaces.get(t.name),
            )
            for kind, t in tensors
        ),
        stages=tuple(
            describe_stage(s, program.group(s.group), elements[s.group], in_eval[s.group])
            for s in program.stages
        ),
        cost=cost(program, elements.values(), in_eval.values()),
        proofs=prove(program),
    )
