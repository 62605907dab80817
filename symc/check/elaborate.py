"""Expressions to what they mean: sizes, groups, representations."""

from __future__ import annotations

from symc.check import pending
from symc.check.arithmetic import MAXIMUM_EXPONENT, OutOfRange, add, multiply, power
from symc.check.groups import GroupTable, available
from symc.check.names import ARTICLE, Declaration
from symc.check.report import Report, listed, suggestion
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
from symc.ir.groups import GroupInstance
from symc.ir.sizes import LIMIT, Size
from symc.syntax import ast
from symc_runtime.catalogue import groups as families


class Elaborator:
    """Elaborates expressions; None stands for one that was reported, and silences what uses it."""

    def __init__(
        self,
        report: Report,
        declared: dict[str, Declaration],
        sizes: SizeTable,
        groups: GroupTable,
    ) -> None:
        self.report = report
        self.declared = declared
        self.sizes = sizes
        self.groups = groups

    # Sizes

    def size(self, expression: ast.Expression) -> Size | None:
        """A size; anything else is reported."""
        value = self.value(expression)
        if value is None or isinstance(value, Size):
            return value
        self.report.error(
            "SYM204",
            expression.span,
            f"expected a size, found {kind_of(value)}, "
            f"`{self.report.excerpt(expression.span)}`",
            help="a representation stands after the colon of an axis: `n: P`",
        )
        return None

    def _out_of_range(self, expression: ast.Expression) -> None:
        self.report.error(
            "SYM205",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` is out of range",
            help=f"sizes and dimensions are whole numbers from 1 to {LIMIT - 1}",
        )

    # Anything

    def value(self, expression: ast.Expression) -> Value | None:
        """What an expression means, None if that was reported."""
        match expression:
            case ast.Integer(value=number):
                if number >= LIMIT:
                    self._out_of_range(expression)
                    return None
                return Size.constant(number)
            case ast.Decimal():
                self.report.error(
                    "SYM107",
                    expression.span,
                    f"`{expression.text}` is no whole number",
                    help="sizes are whole numbers",
                )
                return None
            case ast.Name():
                return self._name(expression)
            case ast.Call():
                return self._call(expression)
            case ast.Attribute():
                return self._attribute(expression)
            case ast.Negative(operand=operand):
                value = self.value(operand)
                if isinstance(value, Size):
                    return -value
                if value is not None:
                    self._mixed(expression, "a minus sign belongs to sizes only")
                return None
            case ast.Binary():
                return self._binary(expression)
            case ast.MatrixGroup():
                pending.matrix_group(self.report, expression.kind, expression.span)
                return None
            case ast.Wildcard():
                self.report.error(
                    "SYM206",
                    expression.span,
                    "`_` stands for the whole size of an axis with a representation",
                    help="write the size, or `_: representation`",
                )
                return None
            case _:
                self.report.error(
                    "SYM204",
                    expression.span,
                    "expected a size, a group or a representation, "
                    f"found `{self.report.excerpt(expression.span)}`",
                )
                return None

    def _mixed(self, expression: ast.Expression, help: str) -> None:
        self.report.error(
            "SYM312",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` mixes sizes and representations",
            help=help,
        )

    def _name(self, name: ast.Name) -> Value | None:
        entry = self.declared.get(name.text)
        if entry is None or entry.kind == "size":
            return self.sizes.use(name.text, name.span)
        if entry.kind == "group":
            if name.text in self.groups.failed:
                return None
            return self.groups.instances.get(name.text)
        self.report.error(
            "SYM204",
            name.span,
            f"`{name.text}` is {ARTICLE[entry.kind]}, not a size or a group",
            help="sizes, groups, inputs and outputs share one namespace",
        )
        return None

    def representation(self, expression: ast.Expression) -> Carried | None:
        """A representation; a bare group name is its natural one."""
        value = self.value(expression)
        if isinstance(value, Size):
            near = None
            if isinstance(expression, ast.Name) and expression.text not in self.declared:
                near = suggestion(expression.text, self.groups.instances)
                self.sizes.seen.pop(expression.text, None)
                self.sizes.used.discard(expression.text)
                self.report.error(
                    "SYM201",
                    expression.span,
                    f"`{expression.text}` is not declared",
                    help=near or f"declare it: `group {expression.text} = S(n)`",
                )
                return None
            self.report.error(
                "SYM312",
                expression.span,
                f"expected a representation, found a size, "
                f"`{self.report.excerpt(expression.span)}`",
                help="an axis without a representation is a channel axis: write the size alone",
            )
            return None
        return self._carried(value, expression)

    def _carried(self, value: Value | None, expression: ast.Expression) -> Carried | None:
        if not isinstance(value, GroupInstance):
            return value if isinstance(value, Carried) else None
        facts = families()[value.family]
        if facts.bare is None:
            self.report.error(
                "SYM305",
                expression.span,
                f"`{self.report.excerpt(expression.span)}` has no bare name: "
                "does it hold points or vectors?",
                help=f"write `{self.report.excerpt(expression.span)}.point` (translations move "
                "it) or `.vector` (they do not)",
            )
            return None
        return atom(value, facts.bare)

    def _binary(self, expression: ast.Binary) -> Value | None:
        operator = expression.operator
        if operator == "wr":
            pending.wreath(self.report, expression.span)
            return None
        if operator == "^":
            return self._power(expression)
        left, right = self.value(expression.left), self.value(expression.right)
        if left is None or right is None:
            return None
        try:
            if isinstance(left, Size) and isinstance(right, Size):
                return self._size_operation(expression, left, right)
            if operator in ("-", "/"):
                self._mixed(expression, f"`{operator}` is for sizes only")
                return None
            if operator == "+" and (isinstance(left, Size) or isinstance(right, Size)):
                self._mixed(expression, "a multiplicity wants its representation: `3*M.scalar`")
                return None
            a = trivial(left) if isinstance(left, Size) else self._carried(left, expression.left)
            b = trivial(right) if isinstance(right, Size) else self._carried(right, expression.right)
            if a is None or b is None:
                return None
            if operator == "+":
                return direct_sum(a, b)
            if meaningless(a, b):
                self._no_product(expression)
                return None
            return product(a, b)
        except OutOfRange:
            self._out_of_range(expression)
            return None

    def _no_product(self, expression: ast.Expression) -> None:
        self.report.error(
            "SYM306",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` multiplies a point by a point, a vector "
            "or a sign: a translation has no meaning there",
            help="a point may be multiplied by channels and permutations; differences of points "
            "are vectors: `M.vector`",
        )

    def _size_operation(self, expression: ast.Binary, left: Size, right: Size) -> Size | None:
        match expression.operator:
            case "+":
                return add(left, right)
            case "-":
                return add(left, -right)
            case "*":
                return multiply(left, right)
        divisor = right.value
        if divisor and all(term.coefficient % divisor == 0 for term in left.terms):
            terms = tuple(
                term.model_copy(update={"coefficient": term.coefficient // divisor})
                for term in left.terms
            )
            return Size(terms=terms)
        self.report.error(
            "SYM205",
            expression.span,
            f"`{self.report.excerpt(expression.span)}` is not a whole number for every size",
            help="name the quotient instead: `m` here, and `2*m` where the double stands",
        )
        return None

    def _power(self, expression: ast.Binary) -> Value | None:
        base = self.value(expression.left)
        exponent = self.value(expression.right)
        if base is None or exponent is None:
            return None
        number = exponent.value if isinstance(exponent, Size) else None
        if number is None or number < 1:
            self.report.error(
                "SYM205",
                expression.right.span,
                "an exponent is a whole number from 1, "
                f"not `{self.report.excerpt(expression.right.span)}`",
            )
            return None
        try:
            if isinstance(base, Size):
                return power(base, number)
            carried = self._carried(base, expression.left)
            if carried is None:
                return None
            if number > MAXIMUM_EXPONENT:
                raise OutOfRange
            if number > 1 and carried.affine:
                self._no_product(expression)
                return None
            return tensor_power(carried, number)
        except OutOfRange:
            self._out_of_range(expression)
            return None

    def _attribute(self, expression: ast.Attribute) -> Value | None:
        if expression.name.text in pending.IRREDUCIBLE:
            pending.irreducible(self.report, expression.span)
            return None
        if isinstance(expression.owner, ast.Name) and expression.owner.text not in self.declared:
            self.report.error(
                "SYM201",
                expression.owner.span,
                f"the group `{expression.owner.text}` is not declared",
                help=suggestion(
                    expression.owner.text,
                    self.groups.instances,
                    f"declare it: `group {expression.owner.text} = E(3)`",
                ),
            )
            return None
        owner = self.value(expression.owner)
        if owner is None:
            return None
        if not isinstance(owner, GroupInstance):
            self.report.error(
                "SYM204",
                expression.owner.span,
                f"`{self.report.excerpt(expression.owner.span)}` is {kind_of(owner)}, "
                "and only groups have representations",
            )
            return None
        return self._atom(owner, expression.name)

    def _atom(self, group: GroupInstance, name: ast.Name) -> Carried | None:
        facts = families()[group.family]
        if name.text not in facts.atoms:
            known = listed(facts.atoms)
            self.report.error(
                "SYM303",
                name.span,
                f"`{group.name}` has no representation `{name.text}`",
                help=suggestion(name.text, facts.atoms, f"it has {known}"),
            )
            return None
        return atom(group, name.text)

    def _call(self, expression: ast.Call) -> Value | None:
        function = expression.function
        if isinstance(function, ast.Attribute):
            if function.name.text in pending.IRREDUCIBLE:
                pending.irreducible(self.report, expression.span)
                return None
            carried = self._attribute(function)
            if carried is not None:
                self.report.error(
                    "SYM304",
                    expression.span,
                    f"`{function.name.text}` takes no arguments",
                    help=f"write `{self.report.excerpt(function.span)}`",
                )
            return None
        if not isinstance(function, ast.Name):
            self.report.error("SYM302", function.span, "only a group's name can be called")
            return None
        if function.text in pending.REPRESENTATIONS:
            pending.built_representation(self.report, function.text, expression.span)
            return None
        found = self.constructor(expression, function)
        if found is None:
            return None
        family, parameter = found
        return self.groups.inline(family, parameter, expression.span, self.report)

    def constructor(self, expression: ast.Call, function: ast.Name) -> tuple[str, Size] | None:
        """Family and parameter of `S(n)`, `E(3)`; None if that was reported."""
        name, arguments = function.text, expression.arguments
        lorentz = name in ("O", "SO") and len(arguments) == 2
        if name in pending.GROUPS or (lorentz and _lorentzian(arguments)):
            pending.group(self.report, name, expression.span, lorentz=lorentz)
            return None
        if name not in families():
            self.report.error(
                "SYM302",
                function.span,
                f"there is no group `{name}(...)`",
                help=suggestion(name, families(), f"available: {available()}"),
            )
            return None
        facts = families()[name]
        if len(arguments) != 1 or arguments[0].name is not None:
            self.report.error(
                "SYM304",
                expression.span,
                f"`{name}` takes one whole number, `{name}({facts.parameter})`",
                help=f"write `{name}({facts.parameter})` or a number in its place",
            )
            return None
        parameter = self.size(arguments[0].value)
        if parameter is None:
            return None
        if parameter.value is not None and parameter.value < 1:
            self.report.error(
                "SYM304",
                arguments[0].span,
                f"`{self.report.excerpt(expression.span)}`: the parameter is a whole number "
                "from 1",
            )
            return None
        return name, parameter


def _lorentzian(arguments: tuple[ast.Argument, ...]) -> bool:
    values = [a.value.value for a in arguments if isinstance(a.value, ast.Integer)]
    return 1 in values
