"""What expressions mean; what fails is reported once, and None silences what depends on it."""

from __future__ import annotations

from typing import Literal

from symc.checking import pending
from symc.checking.atoms import read_atom
from symc.checking.constructors import read_attribute, read_call
from symc.checking.equations import SizeTable
from symc.checking.groups import GroupTable, available
from symc.checking.meant import meant, report_text
from symc.checking.names import ARTICLE, Declaration, walk
from symc.checking.operators import read_binary
from symc.checking.report import Report, listed
from symc.checking.values import (
    Carried,
    Value,
    kind_of,
    meaningless,
)
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import LIMIT, Size
from symc.source import Span
from symc.syntax import ast
from symc.syntax.parse.slips import DECLARE_EACH, PRODUCT
from symc_runtime.catalogue import compiled_groups


class Expressions:
    """Reads expressions in the scope of one spec.

    `size_words`: undeclared names that stand for sizes somewhere; any other undeclared name can
    only be the multiplicity of a representation. `unread`: names in statements with syntax errors,
    of which nothing is known. `counted`: sizes whose range is looked at when all are known.
    `joint`: the sizes of the axes that the representation being read stands on, where they are
    several; `grids`: images on two axes, whose sizes are compared when all are known; `apart`:
    groups whose image stands on one axis somewhere in the tensor that is being read, which is said
    once. `example`: a group that would fit where a name is read, for messages; `axis`: the size of
    the axis that is being read; `declaring`: the group whose statement is. Both are for messages,
    too.
    """

    def __init__(
        self,
        report: Report,
        declared: dict[str, Declaration],
        size_words: frozenset[str],
        sizes: SizeTable,
        groups: GroupTable,
        unread: frozenset[str],
    ) -> None:
        self.report = report
        self.declared = declared
        self.size_words = size_words
        self.sizes = sizes
        self.groups = groups
        self.unread = unread
        self.counted: list[tuple[Size, Span]] = []
        self.joint: tuple[Size, ...] | None = None
        self.grids: list[tuple[GroupInstance, tuple[Size, ...], Span]] = []
        self.apart: set[str] = set()
        self.example: str | None = None
        self.axis: ast.Expression | None = None
        self.declaring: str | None = None
        self._misused: set[str] = set()

    def kind(self, name: str) -> str | None:
        """What a name was declared as, or is used as in shapes."""
        if name in self.declared:
            return self.declared[name].kind
        return "size" if name in self.size_words else None

    # What is wanted

    def size(self, expression: ast.Expression) -> Size | None:
        """The expression as a size."""
        value = self.value(expression, wants_size=True)
        if value is None or isinstance(value, Size):
            return value
        self.report.error(
            "SYM312",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` is {kind_of(value)}, but a size is wanted "
            "here",
            help="an axis is written `size: representation`, as in `n: S(n)` or `_: P * M.vector`",
        )
        return None

    def representation(self, expression: ast.Expression) -> Carried | None:
        """The expression as a representation; a group alone means its bare one."""
        value = self.value(expression)
        if isinstance(value, Size):
            if not self.unknown_groups(expression):
                self._unexpected_size(expression)
            return None
        return self.carried(value, expression)

    def group(self, expression: ast.Expression) -> GroupInstance | None:
        """The expression as one group."""
        if isinstance(expression, ast.Binary) and expression.operator in "*+":
            before = self.report.count
            factors = [self._is_group(side) for side in (expression.left, expression.right)]
            if self.report.count == before and all(factors):
                self.report.error("SYM310", expression.span, PRODUCT, help=DECLARE_EACH)
            return None
        text = self.report.excerpt(expression.span)
        hint = f"groups: {available()}, or the name of one declared with `group`"
        entry = self.declared.get(expression.text) if isinstance(expression, ast.Name) else None
        if entry is not None and entry.kind != "group":
            self.report.error(
                "SYM204",
                expression.span,
                f"`{text}` is {ARTICLE[entry.kind]}, but a group is wanted here",
                help=hint,
                related=[Related(entry.span, f"`{text}` is declared here")],
            )
            return None
        value: Value | Literal["a representation"] | None = "a representation"
        if not self._has_unknown_owner(expression):
            value = self.value(expression)
        if value is None or isinstance(value, GroupInstance):
            return value
        kind = value if isinstance(value, str) else kind_of(value)
        self.report.error(
            "SYM204",
            expression.span,
            f"`{text}` is {kind}, but a group is wanted here",
            help=hint,
        )
        return None

    def _is_group(self, expression: ast.Expression) -> bool:
        """Whether it is one group, known or not yet; else it is reported."""
        if isinstance(expression, ast.Name) and self.kind(expression.text) == "group":
            return True
        return self.group(expression) is not None

    def _has_unknown_owner(self, expression: ast.Expression) -> bool:
        """Whether it is `group.name` in a statement that is read before the group is known."""
        if not isinstance(expression, ast.Attribute) or not isinstance(expression.owner, ast.Name):
            return False
        owner = expression.owner.text
        known = self.groups.instances.keys() | self.groups.failed
        return self.kind(owner) == "group" and owner not in known

    # Expressions

    def value(self, expression: ast.Expression, wants_size: bool = False) -> Value | None:
        """Whatever the expression means; where `wants_size`, a new name is a new size."""
        match expression:
            case ast.Name():
                return self._name(expression, wants_size)
            case ast.Integer(value=value):
                if value >= LIMIT:
                    self.out_of_range(expression)
                    return None
                return Size.constant(value)
            case ast.Negative(operand=operand):
                inner = self.value(operand, wants_size)
                if inner is None or isinstance(inner, Size):
                    return None if inner is None else -inner
                self.mixed(expression, "a representation has no negative")
                return None
            case ast.Binary(operator="wr"):
                pending.wreath(self.report, expression.span)
                return None
            case ast.MatrixGroup(kind=kind):
                pending.matrix_group(self.report, kind, expression.span)
                return None
            case ast.Binary():
                return read_binary(self, expression, wants_size)
            case ast.Attribute():
                return read_attribute(expression, self)
            case ast.Call():
                return read_call(expression, self)
            case ast.Wildcard():
                self.report.error(
                    "SYM206",
                    expression.span,
                    "`_` can only be the whole size of an axis that carries a representation",
                    help="write `_: 8*M.vector`, or a size",
                )
            case ast.String(value=text):
                report_text(expression, text, self)
            case _:
                self.report.error(
                    "SYM205",
                    expression.span,
                    f"`{self.report.excerpt(expression.span)}` is no whole number",
                    help="sizes are whole numbers, size names, and their sums, products and powers",
                )
        return None

    def _name(self, name: ast.Name, wants_size: bool) -> Value | None:
        text = name.text
        entry = self.declared.get(text)
        if entry is None:
            if text in self.unread:
                return None
            if wants_size or text in self.size_words:
                return self.sizes.use(text, name.span)
            return self._undeclared(name)
        match entry.kind:
            case "size":
                return self.sizes.use(text, name.span)
            case "group" if not wants_size:
                if text in self.groups.failed:
                    return None
                group = self.groups.instances.get(text)
                if group is None:
                    self._too_early(name)
                return group
        # A name that is taken for a size is often in several places of one tensor.
        if text in self._misused:
            return None
        self._misused.add(text)
        wanted = "a size" if wants_size else "a representation"
        self.report.error(
            "SYM204",
            name.span,
            f"`{text}` is {ARTICLE[entry.kind]}, but {wanted} is wanted here",
            help="an axis is written `size: representation`, as in `n: P`; groups are made for "
            "sizes, as in `S(n)`"
            if entry.kind == "group"
            else "sizes and tensors share one namespace: choose another name for one of them",
            related=[Related(entry.span, f"`{text}` is declared here")],
        )
        return None

    def _too_early(self, name: ast.Name) -> None:
        """Report a group in the value of a `size` or of another `group`."""
        entry = self.declared[name.text]
        self.report.error(
            "SYM204",
            name.span,
            f"`{name.text}` is a group, which cannot stand here",
            help="sizes and groups are made of whole numbers and sizes, as in `S(2*n)`; groups "
            "stand on the axes of tensors",
            related=[Related(entry.span, f"`{name.text}` is declared here")],
        )

    def _undeclared(self, name: ast.Name) -> Value | None:
        """An undeclared name where a group would stand."""
        text = name.text
        if text in self._misused:
            return None
        self._misused.add(text)
        hint, fix = meant(text, self)
        self.report.error("SYM201", name.span, f"`{text}` is not declared", help=hint, fix=fix)
        return None

    def unknown_groups(self, expression: ast.Expression) -> bool:
        """Report names that were taken for multiplicities where nothing is multiplied."""
        unknown = [
            node
            for node in walk(expression)
            if isinstance(node, ast.Name)
            and node.text not in self.declared
            and node.text not in self.size_words
            and node.text not in compiled_groups()
            and node.text in self.sizes.seen
        ]
        for name in unknown:
            self._undeclared(name)
        return bool(unknown)

    # Coercion and failures

    def refuse_product(self, left: Carried, right: Carried, span: Span) -> bool:
        """Report a product that a point does not allow."""
        if not meaningless(left, right):
            return False
        self.report.error(
            "SYM306",
            span,
            "a point cannot be multiplied by a vector, a sign or another point",
            help="write `vector` for `point`, or give each factor a tensor of its own; only "
            "channels and permutations may multiply a point",
        )
        return True

    def carried(self, value: Value | None, expression: ast.Expression) -> Carried | None:
        """The representation that a value means; a group means its bare one."""
        if not isinstance(value, GroupInstance):
            return value if isinstance(value, Carried) else None
        facts = value.facts
        if facts.bare is not None:
            return read_atom(value, facts.bare, expression, self)
        text = self.report.excerpt(expression.span)
        names = [f"{text}.{name}" for name in facts.atoms if name != "scalar"]
        self.report.error(
            "SYM305",
            expression.span,
            f"`{text}` alone does not say which representation it means",
            help=f"write {listed(names, 'or')}: a point moves with translations, a vector does not",
        )
        return None

    def _unexpected_size(self, expression: ast.Expression) -> None:
        text = self.report.excerpt(expression.span)
        for name in (expression,) if isinstance(expression, ast.Name) else ():
            entry = self.declared.get(name.text)
            self.report.error(
                "SYM204",
                name.span,
                f"`{text}` is a size, but a representation is wanted here",
                help=f"write `S({text})` for the permutations of {text} items; "
                "a channel axis is the size alone",
                related=[Related(entry.span, f"`{text}` is declared here")] if entry else [],
            )
            return
        self.mixed(expression, f"`{text}` is a size, but a representation is wanted here")

    def mixed(self, expression: ast.Expression, message: str) -> None:
        """Report sizes and representations that do not go together."""
        self.report.error(
            "SYM312",
            expression.span,
            message,
            help="`8*R` repeats a representation, `R + R` adds two, `16*M.scalar` is 16 channels",
        )

    def out_of_range(self, expression: ast.Expression) -> None:
        """Report a size that cannot be below the limit."""
        self.report.error(
            "SYM205",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` is too large",
            help=f"sizes are whole numbers from 1 to {LIMIT - 1}",
        )
