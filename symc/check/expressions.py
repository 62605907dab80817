"""What expressions mean; what fails is reported once, and None silences what depends on it."""

from __future__ import annotations

from symc.check import pending
from symc.check.arithmetic import (
    MAXIMUM_EXPONENT,
    OutOfRangeError,
    add,
    always_too_large,
    multiply,
    power,
)
from symc.check.constructors import read_attribute, read_call
from symc.check.groups import GroupTable, available
from symc.check.names import ARTICLE, Declaration, walk
from symc.check.report import Report, listed, nearest, suggestion
from symc.check.sizes import SizeTable
from symc.check.values import (
    Carried,
    Value,
    atom,
    direct_sum,
    kind_of,
    meaningless,
    product,
    tensor_power,
    trivial,
)
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import LIMIT, Size
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import groups as families


class Expressions:
    """Reads expressions in the scope of one spec.

    `size_words`: undeclared names that stand for sizes somewhere; any other undeclared name can
    only be the multiplicity of a representation. `unread`: names in statements with syntax errors,
    of which nothing is known. `counted`: sizes whose range is looked at when all are known.
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
        self._misused: set[str] = set()

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
            if not self._unknown_groups(expression):
                self._unexpected_size(expression)
            return None
        return self._carried(value, expression)

    def group(self, expression: ast.Expression) -> GroupInstance | None:
        """The expression as one group."""
        if isinstance(expression, ast.Binary) and expression.operator in "*+":
            before = self.report.count
            values = [self.group(expression.left), self.group(expression.right)]
            if self.report.count == before and None not in values:
                self.report.error(
                    "SYM310",
                    expression.span,
                    "a product is not written as one group",
                    help="declare each factor, `group P = S(n)` and `group M = O(3)`; the "
                    "symmetry of a spec is the product of all its groups",
                )
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
        value = self.value(expression)
        if value is None or isinstance(value, GroupInstance):
            return value
        self.report.error(
            "SYM204",
            expression.span,
            f"`{text}` is {kind_of(value)}, but a group is wanted here",
            help=hint,
        )
        return None

    # Expressions

    def value(self, expression: ast.Expression, wants_size: bool = False) -> Value | None:
        """Whatever the expression means; where `wants_size`, a new name is a new size."""
        match expression:
            case ast.Name():
                return self._name(expression, wants_size)
            case ast.Integer(value=value):
                if value >= LIMIT:
                    self._out_of_range(expression)
                    return None
                return Size.constant(value)
            case ast.Negative(operand=operand):
                inner = self.value(operand, wants_size)
                if inner is None or isinstance(inner, Size):
                    return None if inner is None else -inner
                self._mixed(expression, "a representation has no negative")
                return None
            case ast.Binary(operator="wr"):
                pending.wreath(self.report, expression.span)
                return None
            case ast.MatrixGroup(kind=kind):
                pending.matrix_group(self.report, kind, expression.span)
                return None
            case ast.Binary():
                return self._binary(expression, wants_size)
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
            case "group":
                if text in self.groups.failed:
                    return None
                return self.groups.instances.get(text)
        # A name that is taken for a size is often in several places of one tensor.
        if text in self._misused:
            return None
        self._misused.add(text)
        wanted = "a size" if wants_size else "a representation"
        self.report.error(
            "SYM204",
            name.span,
            f"`{text}` is {ARTICLE[entry.kind]}, but {wanted} is wanted here",
            help="sizes and tensors share one namespace: choose another name for one of them",
            related=[Related(entry.span, f"`{text}` is declared here")],
        )
        return None

    def _undeclared(self, name: ast.Name) -> Value | None:
        """An undeclared name where a group would stand."""
        text = name.text
        groups = [other for other, entry in self.declared.items() if entry.kind == "group"]
        if text in families():
            parameter = families()[text].parameter
            hint: str | None = f"a constructor has its parameter: `{text}({parameter})`"
        elif groups:
            hint = suggestion(text, groups, f"declared groups: {listed(sorted(groups))}")
        else:
            hint = f"declare it, as in `group {text} = S(n)`"
        self.report.error("SYM201", name.span, f"`{text}` is not declared", help=hint)
        return None

    def _unknown_groups(self, expression: ast.Expression) -> bool:
        """Report names that were taken for multiplicities where nothing is multiplied."""
        unknown = [
            node
            for node in walk(expression)
            if isinstance(node, ast.Name)
            and node.text not in self.declared
            and node.text not in self.size_words
            and node.text not in families()
            and node.text in self.sizes.seen
        ]
        for name in unknown:
            self._undeclared(name)
        return bool(unknown)

    def _binary(self, expression: ast.Binary, wants_size: bool) -> Value | None:
        operator = expression.operator
        left = self._operand(expression.left, expression, wants_size)
        right = self._operand(expression.right, expression, wants_size)
        if left is None or right is None:
            return None
        try:
            if operator == "^":
                return self._power(expression, left, right)
            if operator == "/":
                self.report.error(
                    "SYM205",
                    expression.span,
                    "a size is no quotient",
                    help="name the smaller size and write the larger one as its multiple, "
                    "as in `2*n`",
                )
                return None
            if isinstance(left, Size) and isinstance(right, Size):
                return self._sizes(operator, left, right)
            if operator == "*":
                return self._product(expression, left, right)
            if operator == "-":
                self._mixed(expression, "representations cannot be subtracted")
                return None
            if isinstance(left, Size) or isinstance(right, Size):
                if self._unknown_groups(expression):
                    return None
                self._mixed(expression, "a size and a representation cannot be added")
                return None
            first = self._carried(left, expression.left)
            second = self._carried(right, expression.right)
            if first is None or second is None:
                return None
            return self._in_range(expression, direct_sum(first, second))
        except OutOfRangeError:
            self._out_of_range(expression)
            return None

    def _operand(
        self, operand: ast.Expression, parent: ast.Binary, wants_size: bool
    ) -> Value | None:
        """An operand of a product may be a multiplicity, which comes into being here."""
        if parent.operator == "*" and isinstance(operand, ast.Name) and not wants_size:
            text = operand.text
            if text not in self.declared and text not in self.unread:
                groups = [name for name, entry in self.declared.items() if entry.kind == "group"]
                near = nearest(text, groups) if len(text) > 3 else None
                if near is None or text in self.size_words:
                    return self.sizes.use(text, operand.span)
        return self.value(operand, wants_size)

    @staticmethod
    def _sizes(operator: str, left: Size, right: Size) -> Size:
        match operator:
            case "*":
                return multiply(left, right)
            case "-":
                return add(left, -right)
            case _:
                return add(left, right)

    def _product(self, expression: ast.Binary, left: Value, right: Value) -> Carried | None:
        parts = []
        for side, value in ((expression.left, left), (expression.right, right)):
            if isinstance(value, Size):
                self.counted.append((value, side.span))
                parts.append(trivial(value))
            else:
                carried = self._carried(value, side)
                if carried is None:
                    return None
                parts.append(carried)
        if self.refuse_product(parts[0], parts[1], expression.span):
            return None
        return self._in_range(expression, product(parts[0], parts[1]))

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

    def _power(self, expression: ast.Binary, left: Value, right: Value) -> Value | None:
        exponent = self.sizes.resolved(right).value if isinstance(right, Size) else None
        if exponent is None or exponent < 0:
            self.report.error(
                "SYM205",
                expression.right.span,
                f"the exponent `{self.report.excerpt(expression.right.span)}` is no whole number",
                help="write a number, as in `n^2` or `M.vector^2`",
            )
            return None
        if isinstance(left, Size):
            if left.value is None and exponent > MAXIMUM_EXPONENT:
                raise OutOfRangeError
            return power(left, exponent)
        base = self._carried(left, expression.left)
        if base is None:
            return None
        if not 1 <= exponent <= MAXIMUM_EXPONENT:
            self.report.error(
                "SYM205",
                expression.right.span,
                f"a representation has powers from 1 to {MAXIMUM_EXPONENT}, not {exponent}",
                help=f"a size stays below 2^{MAXIMUM_EXPONENT}",
            )
            return None
        if exponent > 1 and self.refuse_product(base, base, expression.span):
            return None
        return self._in_range(expression, tensor_power(base, exponent))

    def _in_range(self, expression: ast.Expression, carried: Carried) -> Carried | None:
        if always_too_large(carried.dimension):
            self._out_of_range(expression)
            return None
        return carried

    # Coercion and failures

    def _carried(self, value: Value | None, expression: ast.Expression) -> Carried | None:
        if not isinstance(value, GroupInstance):
            return value if isinstance(value, Carried) else None
        facts = families()[value.family]
        if facts.bare is not None:
            return atom(value, facts.bare)
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
        self._mixed(expression, f"`{text}` is a size, but a representation is wanted here")

    def _mixed(self, expression: ast.Expression, message: str) -> None:
        self.report.error(
            "SYM312",
            expression.span,
            message,
            help="`8*R` repeats a representation, `R + R` adds two, `16*M.scalar` is 16 channels",
        )

    def _out_of_range(self, expression: ast.Expression) -> None:
        self.report.error(
            "SYM205",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` is too large",
            help=f"sizes are whole numbers from 1 to {LIMIT - 1}",
        )
