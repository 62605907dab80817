"""What is shown about the thing under the pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symc.checking.derivations import FUNCTION
from symc.checking.wreath import FAMILY as WREATH
from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.explain import explanation
from symc.editor.analysis import Analysis
from symc.editor.cards.groups import constructor_card, group_card, representation_card
from symc.editor.cards.methods import method_card, net_card, net_option_card, option_card
from symc.editor.cards.powers import built_card
from symc.editor.cards.sizes import size_card
from symc.editor.cards.tensors import tensor_card
from symc.editor.owners import owner_of
from symc.editor.words import Word
from symc.source import Span
from symc_runtime.catalogue import compiled_groups

_CODE = re.compile(r"SYM[0-9]{3}")
_WHY = re.compile(r"^## Why\n\n(.*?)(?=\n## |\Z)", re.MULTILINE | re.DOTALL)

KEYWORDS = {
    "spec": "`spec NAME`: the name of the spec, first in the file",
    "size": "`size n` is free, `size n = 5` fixed, `size n <= 64` ragged: a count an example",
    "group": "`group P = S(n)` names a group; two names are two independent copies",
    "input": "`input x[n: P, 3: M.point]`: a tensor that the base takes, without its batch axis",
    "output": "`output y[n: P]`: a tensor that the base returns; `output y` is one number",
    "symmetrize": "`symmetrize GROUPS by METHOD(options)`: how groups are handled, a stage each; "
    "without groups, all that no other line names",
    "by": "`by METHOD`: how the groups of this line are handled",
    "of": "`of 10`: the tensor holds labels 0 to 9; `of P`: whole numbers that name items of P",
    "relax": "`relax GROUPS by METHOD(options)`: symmetry that holds nearly; not available yet",
    "generated": "`generated { element r = [[0, -1], [1, 0]] relation r^4 = 1 }`: the finite group "
    "of all products of some orthogonal matrices with exact entries",
    "element": "`element r = [[0, -1], [1, 0]]`: a generator; entries are whole numbers, "
    "fractions, `sqrt(3)/2`, `cos(2*pi/7)`",
    "relation": "`relation (s*r)^2 = 1`: checked, and defines nothing",
    "learned": "an input that the model learns and no caller gives; not available yet",
    "sampled": "an output that is one sample instead of the mean; not available yet",
    "grad": "`= -grad(energy, pos)`: the gradient of an output that is one number by an input, "
    "taken after symmetrization; the base does not return it",
    "_": "the compiler computes this size from the representation",
}
"""What each keyword begins, for people."""


@dataclass(frozen=True)
class Hover:
    """Markdown, and the place that it is about."""

    text: str
    span: Span


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """What there is to say about a place; None where there is nothing."""
    code = _code_at(analysis.text, offset)
    if code is not None:
        return code
    parts: list[str] = []
    spans: list[Span] = []
    touched = analysis.word_at(offset) if not analysis.is_prose(offset) else None
    if touched is not None:
        statement, index = touched
        text = _word(analysis, statement, index)
        if text is not None:
            parts.append(text)
            spans.append(statement[index].span)
    for found in analysis.compilation.diagnostics:
        if found.span.start <= offset <= found.span.end and found.span.end > 0:
            parts.append(diagnostic_text(found))
            spans.append(found.span)
    return Hover("\n\n---\n\n".join(parts), spans[0]) if parts else None


def _code_at(text: str, offset: int) -> Hover | None:
    """The explanation of a code that is written out, in a comment for instance."""
    for found in _CODE.finditer(text, max(0, offset - 6), offset + 6):
        body = explanation(found[0])
        if found.start() <= offset <= found.end() and body is not None:
            return Hover(body, Span(*found.span()))
    return None


def diagnostic_text(found: Diagnostic) -> str:
    """The code of a diagnostic, what it means in general and why."""
    body = _WHY.search(explanation(found.code) or "")
    why = f"\n\n{body[1].strip()}" if body else ""
    return f"**{found.code}**: {CODES[found.code].title}{why}"


def _word(analysis: Analysis, statement: list[Word], index: int) -> str | None:
    word = statement[index]
    match word.role:
        case "name" | "declaration":
            return named(analysis, word.text)
        case "constructor" if word.text == FUNCTION and statement[0].type == "OUTPUT":
            return KEYWORDS[FUNCTION]
        case "constructor":
            built = built_card(word.text)
            return constructor_card(word.text) if word.text in compiled_groups() else built
        case "representation":
            owner = owner_of(statement[: index - 1], analysis.scope)
            return None if owner is None else representation_card(owner, word.text)
        case "method":
            return method_card(word.text)
        case "option":
            return option_card(word.owner, word.text)
        case "net":
            return net_card(word.text)
        case "net option":
            return net_option_card(word.owner, word.text)
        case "token" if word.text == WREATH:
            return constructor_card(WREATH)
        case "token":
            return KEYWORDS.get(word.text) if word.type not in ("STRING", "DOCSTRING") else None
        case _:
            return None


def named(analysis: Analysis, name: str) -> str | None:
    """The card of a size, a group, an input or an output."""
    scope, program = analysis.scope, analysis.compilation.program
    if name in scope.groups:
        return group_card(scope.groups[name], scope, program)
    tensor = scope.tensor(name)
    if tensor is not None:
        return tensor_card(tensor, scope, program)
    entry = scope.declared.get(name)
    size = entry.kind == "size" if entry is not None else name in scope.sizes.seen
    return size_card(name, scope) if size else None
