"""The pipeline of a spec, drawn: out along the top to the base, back along the bottom.

Each stage stands above the action that undoes it: what is taken off the input on the way to the
base, g^-1, is put onto the output on the way back, g.
"""

from __future__ import annotations

from collections.abc import Sequence

from symc.description import text as words
from symc.description.html.markup import cut, element, text
from symc.description.model import Description, StageDescription, TensorDescription
from symc_runtime.catalogue import methods

_GAP = 44
_TENSOR = (168, 38)
_ROUND = 92
_STAGE = (158, 86)
_BASE = 116
_CHIP = 46
_MARGIN = 10


def pipeline(description: Description) -> str:
    """An inline SVG; colours are those of the page's style."""
    acting = [stage for stage in description.stages if methods()[stage.method].acts]
    trusted = [stage for stage in description.stages if not methods()[stage.method].acts]
    names = {group.name: group.constructor for group in description.groups}
    inputs = [tensor for tensor in description.tensors if tensor.kind == "input"]
    outputs = [tensor for tensor in description.tensors if tensor.kind == "output"]
    top_height = max(len(inputs) * _CHIP - (_CHIP - _TENSOR[1]), _STAGE[1])
    bottom_height = max(len(outputs) * _CHIP - (_CHIP - _TENSOR[1]), _STAGE[1])
    top = _MARGIN + 22 + top_height / 2
    bottom = top + top_height / 2 + 62 + bottom_height / 2
    x = float(_MARGIN)
    parts = [
        _label(x, top - top_height / 2 - 10, "inputs"),
        *_column(inputs, x, top, "in"),
        _label(x, bottom - bottom_height / 2 - 10, "outputs"),
        *_column(outputs, x, bottom, "out"),
    ]
    right = x + _TENSOR[0]
    x = right + _GAP
    several = bool(acting)
    if several:
        parts += [_fan(inputs, right, top, x, inward=True)]
        parts += [_fan(outputs, right, bottom, x, inward=False)]
        above, below = _multiplicity(description)
        parts.append(_round(x, top, "copies", above))
        parts.append(_round(x, bottom, "mean", below))
        right = x + _ROUND
        x = right + _GAP
    for stage in acting:
        parts.append(_arrow(right, top, x, top))
        parts.append(_arrow(x, bottom, right, bottom))
        parts += _stage(stage, names[stage.group], x, top, bottom)
        right = x + _STAGE[0]
        x = right + _GAP
    if several:
        parts.append(_arrow(right, top, x, top))
        parts.append(_arrow(x, bottom, right, bottom))
    else:
        parts += [_fan(inputs, right, top, x, inward=True)]
        parts += [_fan(outputs, right, bottom, x, inward=False)]
    parts.append(_base(x, top, bottom, trusted))
    width = x + _BASE + _MARGIN
    height = bottom + bottom_height / 2 + _MARGIN
    title = element("title", f"The pipeline of {text(description.name)}")
    return element(
        "svg",
        title + _MARKER + "".join(parts),
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
    )


_MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0.5 L8 4 L0 7.5 z" class="tip"/></marker></defs>'
)


def _multiplicity(description: Description) -> tuple[list[str], list[str]]:
    """What stands on the way out and on the way back: K copies, and their mean.

    K in training, and in eval mode where that is another.
    """
    cost = description.cost
    totals = (cost.total, cost.eval_total)
    if cost.eval_enumerated != cost.enumerated and None not in totals:
        return [f"K = {', '.join(f'{total:,}' for total in totals)}"], ["mean"]
    numbers = dict.fromkeys((cost.samples, cost.eval_samples))
    factors = [f"K = {', '.join(map(str, numbers))}"] if cost.sampled else []
    if cost.enumerated != 1:
        factors.append(f"{words.figure(cost.enumerated)} elements")
    if not factors:
        return ["one", "copy"], ["one", "value"]
    return factors, ["mean"]


def _column(tensors: Sequence[TensorDescription], x: float, middle: float, kind: str) -> list[str]:
    parts = []
    for tensor, y in zip(tensors, _heights(len(tensors), middle), strict=True):
        shape = " \u00d7 ".join(tensor.shape) or "one number"
        box = _box(x, y - _TENSOR[1] / 2, *_TENSOR, f"tensor {kind}", radius=19)
        name = _text(x + _TENSOR[0] / 2, y - 2, cut(tensor.name, 20), "name")
        below = _text(x + _TENSOR[0] / 2, y + 12, cut(shape, 26), "small")
        whole = element("title", text(tensor.written))
        parts.append(element("g", whole + box + name + below))
    return parts


def _heights(count: int, middle: float) -> list[float]:
    return [middle + (i - (count - 1) / 2) * _CHIP for i in range(count)]


def _fan(
    tensors: Sequence[TensorDescription], left: float, middle: float, right: float, inward: bool
) -> str:
    """Curves between a column of tensors and what stands right of it."""
    parts = []
    for y in _heights(len(tensors), middle):
        bend = (left + right) / 2
        ends = [(left, y), (right, middle)]
        (x0, y0), (x1, y1) = ends if inward else ends[::-1]
        path = f"M{x0:g} {y0:g} C{bend:g} {y0:g} {bend:g} {y1:g} {x1:g} {y1:g}"
        parts.append(f'<path d="{path}" class="flow" marker-end="url(#tip)"/>')
    return "".join(parts)


def _round(x: float, y: float, title: str, lines: Sequence[str]) -> str:
    box = _box(x, y - 26, _ROUND, 52, "round", radius=26)
    shown = [cut(line, 13) for line in lines]
    offset = -6 * (len(shown) - 1) + 4
    middle = x + _ROUND / 2
    words = "".join(
        _text(middle, y + offset + 13 * i, line, "small strong") for i, line in enumerate(shown)
    )
    return element("g", element("title", text(title)) + box + words)


def _stage(
    stage: StageDescription, constructor: str, x: float, top: float, bottom: float
) -> list[str]:
    """The stage, its action below it, and the element that passes from one to the other."""
    width, height = _STAGE
    middle = x + width / 2
    name = constructor if constructor == stage.group else f"{stage.group} = {constructor}"
    symbol = f'g<tspan dy="3" class="sub">{text(cut(stage.group, 10))}</tspan><tspan dy="-3">'
    more = words.elements(stage)
    if stage.net is not None:
        more = stage.net.partition("(")[0]
    elements = [
        element("title", text(f"{name} by {stage.method} {stage.net or ''}".strip())),
        _box(x, top - height / 2, width, height, "stage"),
        _text(middle, top - 24, cut(name, 20), "name"),
        _text(middle, top - 7, f"by {stage.method}", "strong"),
        _text(middle, top + 9, cut(more, 26), "small"),
        _markup(middle, top + 30, f"x \u2190 {symbol}\u207b\u00b9 x</tspan>", "formula"),
    ]
    back = [
        _box(x, bottom - 27, width, 54, "stage back"),
        _text(middle, bottom - 6, cut(stage.group, 20), "name"),
        _markup(middle, bottom + 14, f"y \u2190 {symbol} y</tspan>", "formula"),
    ]
    start, end = top + height / 2, bottom - 27
    passed = (
        f'<path d="M{middle:g} {start:g} L{middle:g} {end:g}" class="element" '
        'marker-end="url(#tip)"/>'
    )
    law = _markup(middle + 8, (start + end) / 2 + 4, f"{symbol}</tspan>", "small start")
    return [element("g", "".join(elements)), element("g", "".join(back)), passed, law]


def _base(x: float, top: float, bottom: float, trusted: Sequence[StageDescription]) -> str:
    start, end = top - 43, bottom + 43
    middle = x + _BASE / 2
    center = (start + end) / 2
    parts = [
        _box(x, start, _BASE, end - start, "base"),
        _text(middle, center, "base", "big"),
    ]
    for i, stage in enumerate(trusted[:3]):
        words = f"has {stage.group} itself"
        parts.append(_text(middle, center + 20 + 15 * i, cut(words, 18), "small on"))
    return element("g", "".join(parts))


def _box(x: float, y: float, width: float, height: float, kind: str, radius: int = 9) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}" '
        f'class="{kind}"/>'
    )


def _text(x: float, y: float, words: str, kind: str) -> str:
    return _markup(x, y, text(words), kind) if words else ""


def _markup(x: float, y: float, inner: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{inner}</text>'


def _label(x: float, y: float, words: str) -> str:
    return _text(x + 4, y, words, "label start")


def _arrow(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<path d="M{x0:g} {y0:g} L{x1:g} {y1:g}" class="flow" marker-end="url(#tip)"/>'
