"""What is sound and costs much: stages that take all of many elements at each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from symc.checking.expressions import Expressions
from symc.checking.proving import places_of_methods
from symc.checking.report import listed
from symc.diagnostics.diagnostic import Related
from symc.ir.drawing import affordable, numbers_of_samples
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc.syntax import ast

MANY = 720
"""Evaluations of the base an example from which they are spoken of, 6!."""


def note_many_elements(
    program: Program,
    values: Mapping[str, int],
    lines: Sequence[ast.SymmetrizeStatement],
    expressions: Expressions,
) -> None:
    """SYM512, where the sizes of the groups are known; `values`: free sizes that are."""
    known = {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    known |= {name: Size.constant(value) for name, value in values.items()}
    parameters = {group.name: group.parameter.substitute(known) for group in program.groups}
    explicit = {stage.group: stage.explicit for stage in program.stages}
    samples, eval_samples = numbers_of_samples(program)
    places = expressions.groups.places | places_of_methods(program, lines, expressions)
    for training in (True, False):
        taken = {
            stage.group: (elements, stage.method)
            for stage, elements, left in affordable(program, parameters, training)
            if left is None and isinstance(elements, int) and elements > 1
        }
        total = prod(elements for elements, _ in taken.values())
        if total < MANY:
            continue
        largest = max(taken, key=lambda group: taken[group][0])
        place = places[largest]
        others = dict.fromkeys(places[group] for group in taken)
        line = "" if explicit[largest] else f"symmetrize {largest} "
        when = "at each call, in training too" if training else "at each call in eval mode"
        expressions.report.add(
            "SYM512",
            place,
            f"all elements of {listed(taken)} are taken {when}: "
            f"{total:,} evaluations of the base an example",
            help="to draw some of them instead, write "
            f"`{line}by {taken[largest][1]}(samples={samples}, eval_samples={eval_samples})`",
            related=[Related(other, "here too") for other in others if other != place],
        )
        return
