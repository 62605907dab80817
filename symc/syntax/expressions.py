"""Expressions as text: the fewest parentheses that keep the tree."""

from __future__ import annotations

from symc.syntax import ast

INDENT = "    "

# How tightly a form binds, as in the grammar; a tighter place puts parentheses around looser forms.
_WR, _SUM, _PRODUCT, _UNARY, _POWER, _POSTFIX, _ATOM = range(7)
_LEVELS = {"wr": _WR, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}


def expression(node: ast.Expression, least: int = _WR) -> str:
    """The text of an expression in a place that takes what binds at least as tightly as `least`."""
    written, level = _write(node)
    return written if level >= least else f"({written})"


def axis(node: ast.Axis) -> str:
    """`size`, `size: representation`, `(h, w): representation`."""
    sizes = ", ".join(expression(size) for size in node.sizes)
    if len(node.sizes) > 1:
        sizes = f"({sizes})"
    if node.representation is None:
        return sizes
    return f"{sizes}: {expression(node.representation)}"


def option(node: ast.Argument) -> str:
    """`value` or `name=value`."""
    value = expression(node.value)
    return value if node.name is None else f"{node.name.text}={value}"


def entry(node: ast.Node) -> str:
    """A line of `generated { }` or `lie { }`."""
    if isinstance(node, ast.GeneratorElement):
        matrix = expression(node.matrix)
        return f"basis {matrix}" if node.name is None else f"element {node.name.text} = {matrix}"
    assert isinstance(node, ast.Relation)
    return f"relation {expression(node.left)} = {expression(node.right)}"


def entries(group: ast.MatrixGroup) -> tuple[ast.Node, ...]:
    """Elements and relations in the order of the text."""
    both: list[ast.Node] = [*group.elements, *group.relations]
    return tuple(sorted(both, key=lambda node: node.span.start))


def _write(node: ast.Expression) -> tuple[str, int]:
    match node:
        case ast.Name(text=text) | ast.Decimal(text=text):
            return text, _ATOM
        case ast.Integer(value=value):
            return str(value), _ATOM
        case ast.Wildcard():
            return "_", _ATOM
        case ast.String(value=value):
            return f'"{value}"', _ATOM
        case ast.Negative(operand=operand):
            return f"-{expression(operand, _UNARY)}", _UNARY
        case ast.Binary():
            return _binary(node), _LEVELS[node.operator]
        case ast.Attribute(owner=owner, name=name):
            # `3.x` would read as a decimal to most eyes.
            number = isinstance(owner, ast.Integer | ast.Decimal)
            least = _ATOM + 1 if number else _POSTFIX
            return f"{expression(owner, least)}.{name.text}", _POSTFIX
        case ast.Call(function=function, arguments=arguments):
            listed = ", ".join(option(argument) for argument in arguments)
            return f"{expression(function, _POSTFIX)}({listed})", _POSTFIX
        case ast.MatrixLiteral(rows=rows):
            listed = ", ".join("[" + ", ".join(expression(e) for e in row) + "]" for row in rows)
            return f"[{listed}]", _ATOM
        case ast.ListLiteral(entries=numbers):
            return f"[{', '.join(expression(e) for e in numbers)}]", _ATOM
        case ast.MatrixGroup(kind=kind):
            listed = "".join(f"{entry(item)} " for item in entries(node))
            return (f"{kind} {{ {listed}}}" if listed else f"{kind} {{}}"), _ATOM
    raise TypeError(f"no expression: {node!r}")


def _binary(node: ast.Binary) -> str:
    if node.operator == "^":
        return f"{expression(node.left, _POSTFIX)}^{expression(node.right, _UNARY)}"
    level = _LEVELS[node.operator]
    left, right = expression(node.left, level), expression(node.right, level + 1)
    gap = "" if level == _PRODUCT and _tight(node) else " "
    return f"{left}{gap}{node.operator}{gap}{right}"


def _tight(node: ast.Binary) -> bool:
    """`2*n`, `16*M.scalar`, `sqrt(3)/2` are set tight, `M.vector * M.vector` is not.

    A chain is tight as a whole: where a `*` follows anything but a number, a name or
    a parenthesis, none is.
    """
    here: ast.Expression = node
    while isinstance(here, ast.Binary) and _LEVELS[here.operator] == _PRODUCT:
        before = here.left
        if isinstance(before, ast.Binary) and _LEVELS[before.operator] == _PRODUCT:
            before = before.right
        in_parentheses = isinstance(before, ast.Binary) and _LEVELS[before.operator] < _PRODUCT
        light = in_parentheses or isinstance(before, ast.Integer | ast.Name)
        if here.operator == "*" and not light:
            return False
        here = here.left
    return True
