"""Texts made to hurt: deep, long, quadratic. Each is quickly refused or quickly understood."""

from __future__ import annotations

from symc.checking.groups import MAXIMUM as MAX_GROUPS
from symc.syntax.parse.limits import MAX_AXES, MAX_CHARACTERS

MILLION = 1_000_000
N = MAX_CHARACTERS


def _many(line: str, limit: int = MAX_CHARACTERS, separator: str = "\n") -> str:
    """A line with `{i}` and `{j} = {i} + 1`, again and again, as long as a spec may be."""
    lines: list[str] = []
    length = 0
    while True:
        line_ = line.replace("{i}", str(len(lines))).replace("{j}", str(len(lines) + 1))
        length += len(line_) + len(separator)
        if length > limit:
            return separator.join(lines)
        lines.append(line_)


def _axes(axis: str, head: str = "", limit: int = MAX_CHARACTERS) -> str:
    """Axes with `{i}` and `{j}`, on as many tensors as they need."""
    room = limit - len(head) - 20
    listed = _many(axis, room - room // MAX_AXES, ", ").split(", ")
    starts = range(0, len(listed), MAX_AXES)
    tensors = (f"input x{i}[{', '.join(listed[i : i + MAX_AXES])}]" for i in starts)
    return "\n".join([head, *tensors, "output y"])[:limit]


def _proved(group: str, inputs: str, output: str, last: str = "") -> str:
    """As many groups as there may be, and outputs of changing groups as long as a spec may be.

    `{a}`, `{b}`, `{c}`, `{d}` stand for four groups, and `{i}` for the number of a group.
    """
    lines = [f"group P{i} = {group}" for i in range(MAX_GROUPS)]
    lines += [inputs.replace("{i}", str(i)) for i in range(MAX_GROUPS)]
    length = sum(map(len, lines)) + len(lines) + len(last) + 20
    for i in range(900):
        line = f"output y{i}[{output}]"
        for place, name in enumerate("abcd"):
            group = f"P{(i * (2 * place + 1) + place) % MAX_GROUPS}"
            line = line.replace(f"{{{name}}}", group)
        length += len(line) + 1
        if length > MAX_CHARACTERS:
            break
        lines.append(line)
    return "\n".join([*lines, last])


WHOLE = "input x[n: S(n), 3: O(3)]\noutput y\n"
SIGNS = "".join(chr(0x2200 + i) for i in range(200))
SUM = "+".join(["S(n)"] * 60)
SMALL = ", ".join(["_: O(2) + O(2).scalar"] * 9)
SAME = ", ".join(["n: S(n)"] * 64)
RAGGED = _many("size n{i} <= 5", N // 3)
COPIES = _many("group P{i} = S(n)", N // 2)
ALIKE = "a" * (N * 2 // 5)

BOMBS = {
    # Beyond what is read
    "a line of 10 MB": f"input x[{'3,' * (5 * MILLION)}]",
    "a file of 10 MB": "input x[3]\n" * 900_000,
    "a name of 1 MB": f"input {'x' * MILLION}[3]\noutput y",
    "a number of 1 MB": f"size n = {'9' * MILLION}\n{WHOLE}",
    "a sum of 100,000 terms": f"input x[{'+'.join(['n'] * 100_000)}]\noutput y",
    # Powers and polynomials
    "2^10^10": "input x[2^10^10]\noutput y",
    "a tower of powers": f"input x[{'^'.join(['2'] * 90)}]\noutput y",
    "a power of zero": "input x[0^10^10, 0^0, 1^999999999999]\noutput y",
    "a negative exponent": "input x[2^-10^10]\noutput y",
    "a power of a representation": "input x[_: O(3)^999999999, _: (S(n) + O(3))^31]\noutput y",
    "a power of a power": "input x[_: ((((O(3)^31)^31)^31)^31)^31]\noutput y",
    "a product of eights": f"input x[{'*'.join(['8'] * 90)}]\noutput y",
    "a product of binomials": f"input x[{'*'.join(f'(a{i}+b{i})' for i in range(40))}]\noutput y",
    "products of binomials": _axes("*".join(f"(a{i}+b{i})" for i in range(9))),
    "powers of sums": _axes("(a+b)^31: S(3)"),
    "a power of a sum": "input x[(a+b+c+d+e+f)^31]\noutput y",
    "subtractions that cancel": f"input x[{'-'.join(['n'] * 90)}]\noutput y",
    "huge coefficients": _axes("999999999999999999*n*m: S(k)"),
    # Nesting
    "10,000 parentheses": f"input x[{'(' * 10_000}3{')' * 10_000}]\noutput y",
    "10,000 brackets": f"input x{'[' * 10_000}{']' * 10_000}\noutput y",
    "10,000 braces": f"group G = {'lie { basis ' * 10_000}",
    "10,000 open brackets": "input x" + "[" * 10_000,
    "10,000 closing brackets": "input x[3" + "]" * 10_000,
    "10,000 minus signs": f"input x[{'-' * 10_000}1]\noutput y",
    "10,000 calls": f"input x[{'S(' * 10_000}n{')' * 10_000}]\noutput y",
    "calls as deep as allowed": f"input x[_: {'S(' * 95}n{')' * 95}]\noutput y",
    "10,000 attributes": f"input x[3: O(3){'.vector' * (N // 8)}]\noutput y",
    "sums in sums": _axes("_: (((O(3) + O(3))*2 + O(3))*2 + O(3))*2"),
    "blocks without number": f"input x[{', '.join([f'_: {SUM}'] * 4)}]\noutput y",
    "blocks as many as allowed": f"input x[{SMALL}, {', '.join('3' * 54)}]\noutput y[{SMALL}]",
    # Dense tokens
    "a long sum": f"input x[{'+'.join(['n'] * (N // 2 - 20))}]\noutput y",
    "a long product": f"input x[{'*'.join(['8'] * (N // 2 - 20))}]\noutput y",
    "commas": f"input x[{',' * (N - 20)}]",
    "a large matrix": f"group G = generated {{ element r = [{_many('[1, 2]', N - 999, ', ')}] }}",
    "quotes": '"' * (N - 1),
    "quotes on lines": '"\n' * (N // 2 - 1),
    "backslashes": "\\" * (N - 1),
    "NUL": "\0" * (N - 1),
    "NUL and spaces": "\0 " * (N // 2 - 1),
    "unknown characters": "§°" * (N // 2 - 1),
    "unknown characters, each another": SIGNS * (N // 200 - 1),
    "surrogates": "\ud800x\udfff" * (N // 4),
    "combining marks": "input x" + "\u0301" * (N * 4 // 5) + "[3]",
    "right-to-left": "\u202e" * (N * 4 // 5) + WHOLE,
    "line breaks": "\n" * (N - 1),
    "spaces": " " * (N - 1),
    "tabs before an error": "\t" * (N * 4 // 5) + "x",
    "carriage returns": "input x[3]\r" * (N // 12),
    "docstrings": '"""a"""\n' * (N // 9),
    "a docstring": f'"""{"a " * (N * 2 // 5)}"""\n{WHOLE}',
    "comments": "# a\n" * (N // 5) + WHOLE,
    "comments inside": f"input x[{'3, # a' + chr(10)}{'3, # a' + chr(10)}" * (N // 15),
    # Many of a kind
    "a long name": f"input {'x' * (N - 60)}[3]\noutput y",
    "two long names": f"input {'x' * (N * 2 // 5)}[3: {'Q' * (N * 2 // 5)}]\noutput y",
    "names that are alike": f"group {ALIKE} = O(3)\ninput x[3: {ALIKE[1:]}]\noutput y",
    "axes": f"input x[{_many('n{i}: S(n{i})', N - 40, ', ')}]\noutput y",
    "axes of one size": f"input x[{SAME}]\noutput y[{SAME}]",
    "tensors": _many("input x{i}[3]") + "\noutput y",
    "twice": _many("input x[3]"),
    "undeclared groups": _axes("3: Qqqq{i}"),
    "undeclared groups on lines": _many("input x{i}[3: Q{i}]"),
    "misspelt statements": _many("inptu x{i}[3]"),
    "words": _many("abcdefgh{i} x"),
    "groups that nothing carries": _many("group P{i} = S(n{i})") + "\n",
    "copies of a group": _many("group P{i} = S(n)", N // 2)
    + "\n"
    + _axes("n: P{i}", limit=N // 2 - 9),
    "inline groups": _axes("{j}: S({j})"),
    "inline groups with a size": _axes("_: S({j}*k)", "size k = 3"),
    "axes that tell sizes": _axes("n{i}: S(n{i})"),
    "one axis again and again": _axes("n: S(n)"),
    "multiplicities": _axes("_: m{i}*O(3)"),
    "a chain of fixed sizes": _many("size a{i} = a{j}") + "\n",
    "a chain of sizes": _axes("a{i}: S(a{j})"),
    "a chain of sums": _axes("a{i} + a{j}: S(4)"),
    "a chain of products": _axes("a{i}*a{j}: S(3)"),
    "sizes that nothing tells": _axes("a{i}*b{i}"),
    "a fan of sums": _axes("a + b{i}: S(5)"),
    "lines for one group": WHOLE + _many("symmetrize S(n) by average", N - 60),
    "lines for what is left": WHOLE + _many("symmetrize by average", N - 60),
    "options": WHOLE + f"symmetrize by average({_many('samplse{i}=3', N - 2000, ', ')})",
    "the same option": WHOLE + f"symmetrize by average({_many('samples=3', N - 2000, ', ')})",
    "groups in a line": WHOLE + f"symmetrize {_many('S(n)', N - 2000, ', ')} by average",
    "labels": _many("input x{i}[3] of 999999999999999999"),
    # Proofs
    "vectors of many groups": _proved("O(3)", "input x{i}[3: P{i}]", "3: {a}, 3: {b}, 3: {c}"),
    "matrices of many groups": _proved(
        "O(3)", "input x{i}[1: P{i}.pseudoscalar]", "9: {a}^2, 9: {b}^2, 9: {c}^2, 9: {d}^2"
    ),
    "spaces of open dimension": _proved(
        "O(d)", "input x{i}[d: P{i}]", "d: {a}, d: {b}, d: {c}", "symmetrize by canonical"
    ),
    "signs of many groups": _proved(
        "S(4)", "input x{i}[1: P{i}.sign]", "4: {a}, 4: {b}, 1: {c}.sign, 1: {d}.sign"
    ),
    "points of many groups": _proved(
        "E(3)", "input x{i}[3: P{i}.point]", "3: {a}.vector, 3: {b}.vector, 3: {c}.vector"
    ),
    "choices in many groups": _proved(
        "SO(4)", "input x{i}[2, 4: P{i}]", "4: {a}, 4: {b}", "symmetrize by canonical"
    ),
    "huge groups": "\n".join(
        f"group P{i} = {name}(2000000000)\ninput x{i}[2000000000: P{i}]\n"
        f"output y{i}[2000000000: P{i}, 1: P{i}.{sign}]"
        for i, (name, sign) in enumerate((("O", "pseudoscalar"), ("S", "sign"), ("SO", "scalar")))
    ),
    "powers of huge groups": "group P = O(1000)\ninput x[1: P.pseudoscalar]\n"
    f"output y[{', '.join(['1000: P'] * 40)}]\noutput z[1000: P, 1000: P, 1: P.pseudoscalar]",
    "ragged sizes": _many("size n{i} <= 5", N // 3)
    + "\n"
    + _axes("n{i}: S(n{i})", limit=N * 3 // 5),
}
