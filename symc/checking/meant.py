"""Names and texts that stand where a group or a representation would: what was likely meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.familiar import Familiar, familiar
from symc.checking.groups import available
from symc.checking.report import folded, listed, nearest
from symc.syntax import ast
from symc.syntax.irreps import LETTERS, is_written_so, translated
from symc_runtime.catalogue import compiled_groups
from symc_runtime.catalogue import groups as families

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions


def meant(text: str, expressions: Expressions) -> tuple[str, str | None]:
    """What to write for an undeclared group: in words, and as it would stand there."""
    groups = [other for other, entry in expressions.declared.items() if entry.kind == "group"]
    if expressions.declaring is not None:
        groups = []  # a second name of a group is refused, and no group is made of itself
    if text in compiled_groups():
        parameter = families()[text].parameter
        return f"write the constructor with its parameter: `{text}({parameter})`", None
    alone = representation_alone(text, expressions)
    if alone is not None and expressions.declaring is None:
        return alone
    known = familiar(text)
    near = nearest(text, groups)
    same = near is not None and folded(near) == folded(text)
    if known is not None and not same and (known.spelt or near is None):
        return _conventional(known, expressions)
    if near is not None:
        return f"did you mean `{near}`?", near
    if expressions.declaring is not None:
        return f"write a constructor, as in `group {expressions.declaring} = S(n)`; available: " + (
            available()
        ), None
    example = f"declare it, as in `group {text} = {expressions.example or _fitting(expressions)}`"
    if groups:
        return f"{example}; declared groups: {listed(sorted(groups))}", None
    if expressions.groups.instances and expressions.axis is not None:
        return f"{example}; groups of the spec: {listed(list(expressions.groups.instances))}", None
    if expressions.groups.instances:
        if text == "all":
            return "a line without groups takes all: `symmetrize by METHOD`", None
        return f"the groups of the spec: {listed(list(expressions.groups.instances))}", None
    return example, None


def _conventional(known: Familiar, expressions: Expressions) -> tuple[str, str | None]:
    """What to write for a group that was called by a name from elsewhere."""
    size = axis_text(expressions)
    if not known.available:
        return known.advice(size, available()), None
    for group in expressions.groups.ordered():
        parameter = known.parameter or size
        if group.family == known.symbol and str(group.parameter) == parameter:
            what = "" if group.inline else f", which is `{known.written(size)}`"
            return f"did you mean `{group.name}`{what}?", group.name
    return known.advice(size, available()), known.written(size)


def axis_text(expressions: Expressions) -> str | None:
    """The size of the axis that is being read, where it is one name or number."""
    if isinstance(expressions.axis, ast.Name | ast.Integer):
        return expressions.report.excerpt(expressions.axis.span)
    return None


def _fitting(expressions: Expressions) -> str:
    """A group that would fit the axis that is being read."""
    space = isinstance(expressions.axis, ast.Integer) and expressions.axis.value in (2, 3)
    return f"{'O' if space else 'S'}({axis_text(expressions) or 'n'})"


def report_text(expression: ast.Expression, text: str, expressions: Expressions) -> None:
    """Report a quoted text, which may hold representations as e3nn writes them."""
    help_ = "a representation is written without quotes, as in `3: M.vector`"
    if is_written_so(text):
        group = _group_with("pseudovector", expressions)
        here = translated(text, group or "M")
        whose = "" if group else ", M a group O(3) or E(3)"
        help_ = LETTERS if here is None else f"write `{here}`{whose}"
    message = f"`{expressions.report.excerpt(expression.span)}` is a text, and no size or "
    expressions.report.error("SYM205", expression.span, f"{message}representation", help=help_)


def _group_with(atom: str, expressions: Expressions) -> str | None:
    """The one group of the spec that has a representation of this name."""
    having = [group.name for group in expressions.groups.ordered() if atom in group.facts.atoms]
    return having[0] if len(having) == 1 else None


def representation_alone(text: str, expressions: Expressions) -> tuple[str, str | None] | None:
    """What to write where a representation stands without its group; None for other names."""
    having = [facts for facts in compiled_groups().values() if text in facts.atoms]
    if not having:
        return None
    if text == "scalar":
        return "a channel axis, which no group moves, is a size alone", None
    group = _group_with(text, expressions)
    if group is not None:
        return f"write `{group}.{text}`", f"{group}.{text}"
    having.sort(key=lambda facts: (facts.affine, facts.special))
    usual = axis_text(expressions) or ("n" if having[0].permutes else "3")
    written = f"{having[0].name}({usual}).{text}"
    return f"a representation belongs to a group: write `{written}`, for instance", None
