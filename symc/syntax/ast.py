"""Abstract syntax of a spec: what was written, with its place, nothing resolved yet.

Equality ignores places, so that `parse(format(x)) == x` can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal

from symc.source import Span


@dataclass(frozen=True)
class Node:
    """Anything with a place; `span` does not take part in equality."""

    span: Span = field(compare=False)

    def children(self) -> Iterator[Node]:
        """Direct child nodes in the order of the text."""
        kind = type(self)
        names = _CHILD_FIELDS.get(kind)
        if names is None:
            found = (entry.name for entry in fields(self))
            names = _CHILD_FIELDS[kind] = tuple(n for n in found if n not in ("span", "text"))
        for name in names:
            value = getattr(self, name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Node):
                    yield item


# The fields of each class that can hold nodes: to look them up a node took a third of a parse.
_CHILD_FIELDS: dict[type[Node], tuple[str, ...]] = {}


# Expressions: sizes, groups, representations and option values share one grammar; the checker
# tells them apart, for `n*P` is a multiplicity or a product depending on what n names.


@dataclass(frozen=True)
class Expression(Node):
    """A size, a group, a representation or the value of an option."""


@dataclass(frozen=True)
class Name(Expression):
    """An identifier."""

    text: str


@dataclass(frozen=True)
class Wildcard(Expression):
    """`_`: the compiler computes this size."""


@dataclass(frozen=True)
class Integer(Expression):
    """A whole number, not negative."""

    value: int


@dataclass(frozen=True)
class Decimal(Expression):
    """A number with a point or an exponent; only options take one. `text` as written."""

    text: str


@dataclass(frozen=True)
class String(Expression):
    """A quoted text, `irreps("8x0e")`; `value` without the quotes."""

    value: str


@dataclass(frozen=True)
class Negative(Expression):
    """`-x`."""

    operand: Expression


Operator = Literal["+", "-", "*", "/", "^", "wr"]


@dataclass(frozen=True)
class Binary(Expression):
    """`left operator right`; `^` binds tightest, to the right; then `* /`, `+ -`, `wr`."""

    operator: Operator
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Attribute(Expression):
    """`group.name`: a representation of a group."""

    owner: Expression
    name: Name


@dataclass(frozen=True)
class Argument(Node):
    """`value` or `name=value`."""

    name: Name | None
    value: Expression


@dataclass(frozen=True)
class Call(Expression):
    """`function(arguments)`: a group constructor, a representation with arguments, a net."""

    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class MatrixLiteral(Expression):
    """`[[a, b], [c, d]]`, rows of exact entries."""

    rows: tuple[tuple[Expression, ...], ...]

    def children(self) -> Iterator[Node]:
        """The entries, row by row."""
        for row in self.rows:
            yield from row


@dataclass(frozen=True)
class ListLiteral(Expression):
    """`[0, 0, -1]`, the value of a constant input; lists of lists of numbers are matrices."""

    entries: tuple[Expression, ...]


@dataclass(frozen=True)
class GeneratorElement(Node):
    """`element NAME = MATRIX` in `generated { }`, or `basis MATRIX` in `lie { }` (no name)."""

    name: Name | None
    matrix: Expression


@dataclass(frozen=True)
class Relation(Node):
    """`relation LEFT = RIGHT` in `generated { }`."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class MatrixGroup(Expression):
    """`generated { ... }` or `lie { ... }`."""

    kind: Literal["generated", "lie"]
    elements: tuple[GeneratorElement, ...]
    relations: tuple[Relation, ...]


# Statements


@dataclass(frozen=True)
class Statement(Node):
    """One statement; each starts with its keyword."""


@dataclass(frozen=True)
class SpecStatement(Statement):
    """`spec NAME`."""

    name: Name


@dataclass(frozen=True)
class Docstring(Statement):
    '''`"""text"""` after `spec NAME` or first in the file; `value` without the quotes.'''

    value: str


@dataclass(frozen=True)
class SizeStatement(Statement):
    """`size n`, `size n = value` or `size n <= bound`."""

    name: Name
    value: Expression | None
    bound: Expression | None


@dataclass(frozen=True)
class GroupStatement(Statement):
    """`group P = value`."""

    name: Name
    value: Expression


@dataclass(frozen=True)
class Axis(Node):
    """`size`, `size: representation`, or `(h, w): representation` with several `sizes`."""

    sizes: tuple[Expression, ...]
    representation: Expression | None


@dataclass(frozen=True)
class Mark(Node):
    """`learned` or `sampled`, behind a tensor's name, axes and labels."""

    word: Literal["learned", "sampled"]


@dataclass(frozen=True)
class TensorStatement(Statement):
    """`input NAME[AXES]` or `output NAME[AXES]`.

    `axes` is None without brackets (one number an example); `labels` is what follows `of`; `mark`
    is `learned` or `sampled`; `derivation` what follows `=`.
    """

    kind: Literal["input", "output"]
    name: Name
    axes: tuple[Axis, ...] | None
    labels: Expression | None
    mark: Mark | None
    derivation: Expression | None


@dataclass(frozen=True)
class SymmetrizeStatement(Statement):
    """`symmetrize GROUPS by METHOD(options)`; no groups: all that are left."""

    groups: tuple[Expression, ...]
    method: Name
    options: tuple[Argument, ...]


@dataclass(frozen=True)
class RelaxStatement(Statement):
    """`relax GROUPS by METHOD(options)`."""

    groups: tuple[Expression, ...]
    method: Name
    options: tuple[Argument, ...]


@dataclass(frozen=True)
class Comment(Node):
    """`# text`; `text` with its `#`, without the line break."""

    text: str


@dataclass(frozen=True)
class Document(Node):
    """A whole spec; comments keep their places and take no part in equality.

    `text` is what was parsed, for the formatter: line breaks live nowhere else. Empty for a tree
    that no text stands behind.
    """

    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(compare=False)
    text: str = field(default="", compare=False)
