"""The page: the pipeline, and a table for each part of a description."""

from __future__ import annotations

from collections.abc import Sequence

from symc import __version__
from symc.description import text as words
from symc.description.html.markup import element, sentence, text
from symc.description.html.pipeline import pipeline
from symc.description.html.style import STYLE
from symc.description.model import Cost, Description, TensorDescription
from symc.proofs import Proof

# A page without scripts needs none: a browser that is told so runs none, whatever a spec says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(description: Description) -> str:
    """A whole HTML document that refers to nothing outside itself."""
    doc = "".join(
        element("p", text(" ".join(part.split())), class_="doc")
        for part in description.doc.strip().split("\n\n")
        if part.strip()
    )
    name = text(description.name)
    drawing = element("div", pipeline(description), class_="card drawing")
    body = [
        element("h1", name),
        doc,
        _section("Pipeline", drawing),
        _section("Cost", _cost(description.cost)),
        _section("Proofs", _proofs(description.proofs)),
        _section("Groups", _groups(description)),
        _section("Stages", _stages(description)),
        _section("Sizes", _sizes(description)),
        # Last, for their irreducible parts; the pipeline shows what they are.
        _section("Inputs", _tensors(description, "input")),
        _section("Outputs", _tensors(description, "output")),
        element("footer", f"symc {text(__version__)}"),
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{name}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            element("main", "\n".join(part for part in body if part)),
            "</body>",
            "</html>",
            "",
        ]
    )


def _section(title: str, inner: str) -> str:
    return element("section", element("h2", title) + inner) if inner else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of markup, empty without rows."""
    if not rows:
        return ""
    head = element("tr", "".join(element("th", text(title)) for title in heads))
    body = "".join(element("tr", "".join(element("td", cell) for cell in row)) for row in rows)
    return element("div", element("table", head + body), class_="card scroll")


def _code(value: object) -> str:
    return element("code", text(value))


def _groups(description: Description) -> str:
    rows = []
    for group in description.groups:
        size = words.group(group.model_copy(update={"stabilizer": None})).partition(": ")[2]
        fixing = words.stabilizer(group.stabilizer) if group.stabilizer else ""
        constructor = f"{_code(group.constructor)} {text(group.title)}"
        rows.append([_code(group.name), constructor, text(size)])
        rows[-1].append(element("span", text(fixing or "no claim"), class_="quiet"))
    return _table(["name", "group", "size", "what fixes a generic input"], rows)


def _tensors(description: Description, kind: str) -> str:
    rows = []
    for tensor in description.tensors:
        if tensor.kind == kind:
            rows.append([_code(tensor.written), _sum(tensor)])
    return _table(["tensor", "irreducible representations"], rows)


def _sum(tensor: TensorDescription) -> str:
    lines = []
    if tensor.irreducibles is not None:
        total = words.irreducible_sum(tensor.irreducibles, "\u2297", "\u2295")
        lines.append(element("div", text(total), class_="sums"))
        notes = (words.validity(tensor.irreducibles), words.linear_part(tensor.irreducibles))
        lines += [element("div", text(note), class_="quiet") for note in notes if note]
    if tensor.values is not None and words.values(tensor.values):
        lines.append(element("div", text(words.values(tensor.values)), class_="quiet"))
    return "".join(lines) or element("span", "no rule", class_="quiet")


def _stages(description: Description) -> str:
    rows = []
    for number, stage in enumerate(description.stages, 1):
        options = ", ".join(f"{name}={value}" for name, value in stage.options.items())
        said = _code(f"by {stage.method}" + (f"({options})" if options else ""))
        net = _code(stage.net) if stage.net else ""
        chosen = "by the spec" if stage.explicit else "by default"
        rows.append([str(number), _code(stage.group), said, net + text(words.elements(stage))])
        rows[-1].append(element("span", chosen, class_="quiet fixed"))
    return _table(["", "group", "method", "net, elements", "chosen"], rows)


def _sizes(description: Description) -> str:
    rows = [[_code(size.name), text(words.size(size))] for size in description.sizes]
    return _table(["name", "value"], rows)


def _cost(cost: Cost) -> str:
    total = cost.enumerated if cost.total is None else f"{cost.total:,}"
    cards = [_number(f"\u00d7 {total}", words.cost(cost))]
    if cost.eval_error is not None:
        cards.append(_number(f"\u2264 1 / \u221a{cost.eval_samples}", words.error(cost)))
    return element("div", "".join(cards), class_="numbers")


def _number(value: str, meaning: str) -> str:
    inner = element("b", text(value)) + element("span", text(meaning), class_="quiet")
    return element("div", inner, class_="card number")


def _proofs(proofs: Sequence[Proof]) -> str:
    rows = []
    for proof in proofs:
        kind = f"{proof.severity} {proof.code}" if proof.code else proof.severity
        badge = element("span", text(kind), class_=f"badge {proof.severity}")
        said = [element("div", sentence(proof.statement))]
        said.append(element("div", sentence(f"because {proof.reason}"), class_="quiet"))
        if proof.help:
            said.append(element("div", sentence(f"help: {proof.help}"), class_="quiet"))
        rows.append([badge, _code(proof.subject), "".join(said)])
    return _table(["verdict", "about", "what is proved, and why"], rows)
