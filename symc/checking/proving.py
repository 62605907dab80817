"""The proofs as diagnostics: each at the smallest place that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symc.checking.expressions import Expressions
from symc.checking.tensors import Declared
from symc.ir.program import Program
from symc.proofs import Proof, prove
from symc.source import Span
from symc.syntax import ast


def report_proofs(
    program: Program,
    values: Mapping[str, int] | None,
    outputs: Sequence[Declared],
    lines: Sequence[ast.SymmetrizeStatement],
    expressions: Expressions,
) -> None:
    """Report every proof that has a code."""
    names = {output.tensor.name: output.statement.name.span for output in outputs}
    methods = places_of_methods(program, lines, expressions)
    report = expressions.report

    def place(proof: Proof) -> Span:
        if proof.subject in names:
            return names[proof.subject]
        if proof.code in _ABOUT_METHODS and proof.subject in methods:
            return methods[proof.subject]
        return expressions.groups.places[proof.subject]

    for proof in prove(program, values):
        if proof.code is not None:
            report.add(
                proof.code, place(proof), f"{proof.statement}: {proof.reason}", help=proof.help
            )


_ABOUT_METHODS = ("SYM404", "SYM406", "SYM407", "SYM410")


def places_of_methods(
    program: Program, lines: Sequence[ast.SymmetrizeStatement], expressions: Expressions
) -> dict[str, Span]:
    """Where it is written how a group is handled: the method, or the group among several."""
    found: dict[str, Span] = {}
    everything: Span | None = None
    for line in lines:
        for written in line.groups:
            group = expressions.group(written)
            if group is not None:
                alone = len(line.groups) == 1
                found[group.name] = line.method.span if alone else written.span
        if not line.groups:
            everything = line.method.span
    if everything is not None:
        for group in program.groups:
            found.setdefault(group.name, everything)
    return found
