"""Forms that parse but are not available yet: one diagnostic each, with what to write today."""

from __future__ import annotations

from symc.checking.groups import available
from symc.checking.report import Report
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import compiled_groups
from symc_runtime.catalogue import groups as families

_GROUPS = {
    "U": "the unitary group",
    "SU": "the special unitary group",
    "unknown": "a group that is found from data",
}

_INSTEAD = {"unknown": "name the group that you expect, and measure it with `symc verify`; "}

GROUPS = frozenset(_GROUPS)
"""Constructors of groups that come later, of which the catalogue knows nothing yet."""

IRREDUCIBLE = frozenset({"irrep", "irreps"})


def is_group(name: str) -> bool:
    """Whether it is a constructor of groups for which nothing can be compiled."""
    return name in _GROUPS or name in families().keys() - compiled_groups().keys()


def title(name: str) -> str:
    """`the cyclic group`, for a constructor that comes later."""
    if name in families():
        return f"the {families()[name].title}"
    return _GROUPS.get(name, "the Lorentz group")


def group(report: Report, name: str, span: Span, lorentz: bool = False) -> None:
    """`C(4)`, `O(1,3)`."""
    called = "the Lorentz group" if lorentz else title(name)
    report.error(
        "SYM901",
        span,
        f"`{report.excerpt(span)}`, {called}, is not available yet",
        help=f"{_INSTEAD.get(name, '')}available now: {available()}",
    )


def matrix_group(report: Report, kind: str, span: Span) -> None:
    """`lie { }`."""
    report.error(
        "SYM903",
        span,
        f"`{kind}` groups are not available yet",
        help=f"available now: {available()}",
    )


def irreducible(report: Report, span: Span) -> None:
    """`M.irrep(2)`, `M.irreps("8x0e")`."""
    report.error(
        "SYM905",
        span,
        "irreducible representations are not available yet",
        help="degree 0 is `scalar` or `pseudoscalar`, degree 1 `vector` or `pseudovector`; "
        "`sym(R, 2)` of a `vector` R holds degrees 2 and 0",
    )


def reference_input(report: Report, statement: ast.TensorStatement) -> None:
    """`input wind[3: M.vector] learned`, `input down[3: M.vector] = [0, 0, -1]`."""
    where = statement.mark or statement.derivation
    assert where is not None
    report.error(
        "SYM909",
        where.span,
        "inputs that the caller does not give are not available yet",
        help="declare a plain input and give it at each call: a constant tensor, or a parameter "
        "of a module of yours",
    )


def sampled_output(report: Report, span: Span) -> None:
    """`output slot[n: P, 4] sampled`."""
    report.error(
        "SYM910",
        span,
        "sampled outputs are not available yet",
        help="drop `sampled`, and take one of the samples that `return_samples=True` gives",
    )


def relaxed(report: Report, statement: ast.RelaxStatement) -> None:
    """`relax M by residual(bound=0.3)`."""
    report.error(
        "SYM911",
        statement.span,
        "relaxed symmetry is not available yet: every group of a spec holds exactly",
        help="drop the line, and the group too where it holds only nearly",
    )


def method(report: Report, span: Span) -> None:
    """`by weighted`."""
    report.error(
        "SYM912",
        span,
        f"the method `{report.excerpt(span)}` is not available yet",
        help="write `by average`, or `by probabilistic`, whose net learns which elements count",
    )


METHODS = frozenset({"weighted"})
"""Methods of `symmetrize` that come later."""
