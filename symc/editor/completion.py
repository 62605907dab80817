"""What may be written at a place: statements, names in scope, representations, options, nets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from symc.checking.built import BUILT
from symc.checking.derivations import FUNCTION
from symc.checking.options import fitting_nets
from symc.checking.stages import DEFAULT_METHOD
from symc.editor.analysis import Analysis, Begun
from symc.editor.cards.groups import atom_text, constructor_card, existing, label
from symc.editor.cards.methods import (
    method_card,
    net_card,
    net_option_text,
    option_card,
    takes,
)
from symc.editor.cards.powers import built_card
from symc.editor.hover import KEYWORDS, named
from symc.editor.owners import owner_of
from symc.editor.scope import Scope
from symc.editor.words import Bracket, Word, option_kind
from symc.ir.groups import GroupInstance, as_written
from symc.ir.representations import atoms
from symc.source import Span
from symc_runtime.catalogue import compiled_groups, compiled_methods, methods, nets
from symc_runtime.groups.family import Family

Kind = Literal[
    "statement", "keyword", "size", "group", "input", "output", "constructor", "representation",
    "method", "option", "net",
]  # fmt: skip

_SNIPPETS = {
    "spec": "spec ${1:name}",
    "size": "size ${1:n}",
    "group": "group ${1:P} = ${2:S(n)}",
    "input": "input ${1:x}[${2:n}]",
    "output": "output ${1:y}[${2:n}]",
    "symmetrize": "symmetrize ${1:P} by ${2:probabilistic}",
}
_CONTINUING = {"BY": "by", "OF": "of"}


@dataclass(frozen=True)
class Completion:
    """One proposal: `span` is what it replaces, `snippet` the same with `${1:places}` to fill."""

    label: str
    kind: Kind
    span: Span
    detail: str = ""
    documentation: str = ""
    snippet: str | None = None


def complete(analysis: Analysis, offset: int) -> list[Completion]:
    """Everything that may stand at a place, the likeliest first; none in comments and texts."""
    text, start = analysis.text, offset
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    if text[start:offset][:1].isdigit() or analysis.is_prose(offset):
        return []
    begun = analysis.begun(start)
    place = Span(start, offset)
    return [replace(item, span=place) for item in _distinct(_proposals(analysis, begun))]


def _distinct(items: Iterable[Completion]) -> list[Completion]:
    first: dict[str, Completion] = {}
    for item in items:
        first.setdefault(item.label, item)
    return list(first.values())


def _item(label: str, kind: Kind, detail: str = "", documentation: str = "") -> Completion:
    return Completion(label, kind, Span(0, 0), detail, documentation)


def _proposals(analysis: Analysis, begun: Begun) -> Iterator[Completion]:
    accepts = begun.accepts
    ended = not begun.words or (accepts is not None and "$END" in accepts and begun.new_line)
    if ended or begun.line_start:
        yield from _statements(analysis)
    if not begun.words:
        return
    if begun.words[-1].type == "DOT":
        axis = begun.words[0].type in ("INPUT", "OUTPUT")
        joint = _jointly(begun.words, begun.opened[0].start) if axis and begun.opened else None
        yield from _representations(begun, analysis.scope, joint)
        return
    # What the grammar refuses is not offered; after an error nobody knows what it would accept.
    if accepts is None or "NAME" in accepts:
        yield from _names(analysis, begun)
    if accepts is not None and not ended:
        # Labels are for inputs alone: an expectation of labels is no label.
        skipped = "of" if begun.words[0].type == "OUTPUT" else ""
        words = [word for terminal, word in _CONTINUING.items() if terminal in accepts]
        for word in words:
            if word != skipped:
                yield _item(word, "keyword", documentation=KEYWORDS[word])


def _statements(analysis: Analysis) -> Iterator[Completion]:
    for word, snippet in _SNIPPETS.items():
        if word == "spec" and any(s[0].type == "SPEC" for s in analysis.statements if s):
            continue
        yield replace(_item(word, "statement", "", KEYWORDS[word]), snippet=snippet)


def _representations(begun: Begun, scope: Scope, joint: bool | None) -> Iterator[Completion]:
    """`joint`: whether several axes carry it together; None where no axis is written."""
    owner = owner_of(begun.words[:-1], scope)
    if owner is not None:
        yield from _of_group(owner.facts, owner.parameter, joint)


def _of_group(
    facts: Family, parameter: str, joint: bool | None, before: str = "", bare: bool = True
) -> Iterator[Completion]:
    """The representations of a group that fit the axis, with `before` in front of their names."""
    known = int(parameter) if parameter.isdigit() else None
    for name in existing(facts, known):
        atom = facts.atoms[name]
        if joint not in (None, atom.axes > 1) or (name == facts.bare and not bare):
            continue
        item = _item(
            before + label(facts, name), "representation", atom_text(facts, name, parameter)
        )
        if atom.arguments:
            places = ", ".join(f"${{{i + 1}:1}}" for i in range(atom.arguments))
            item = replace(item, snippet=f"{before}{name}({places})")
        yield item


def _names(analysis: Analysis, begun: Begun) -> Iterator[Completion]:
    """What a name may be, by the statement and the brackets around it."""
    words, opened, scope = begun.words, begun.opened, analysis.scope
    first, last = words[0].type, words[-1]
    inner = opened[-1] if opened else None
    if inner is not None and inner.callee is not None and inner.type == "LPAR":
        if inner.callee.role == "method":
            yield from _options(analysis, words, inner)
            return
        if inner.callee.role == "net":
            yield from _net_options(words, inner)
            return
        if inner.callee.text in BUILT:
            if last.type == "LPAR":
                yield from _carried(analysis, False)
            return
        if inner.callee.text == FUNCTION and first == "OUTPUT":
            behind = any(w.type == "COMMA" and w.span.start > inner.start for w in words)
            yield from _of_kind(analysis, ("input",) if behind else ("output",))
            return
        if inner.callee.role == "constructor":
            yield from _of_kind(analysis, ("size",))
            return
    match first:
        case "SYMMETRIZE" if last.type == "BY":
            default_first = sorted(
                compiled_methods().items(), key=lambda entry: entry[0] != DEFAULT_METHOD
            )
            for name, method in default_first:
                yield _item(name, "method", method.title, method_card(name) or "")
        case "SYMMETRIZE":
            taken = {word.text for word in words if word.role == "name"}
            yield from (i for i in _of_kind(analysis, ("group",)) if i.label not in taken)
        case "GROUP" if len(words) > 2:
            yield from _constructors()
        case "SIZE" if len(words) > 2:
            declared = (i for i in _of_kind(analysis, ("size",)) if i.label != words[1].text)
            yield from (i for i in declared if i.label in scope.sizes.fixed)
        case "INPUT" | "OUTPUT" if len(words) > 2 and opened:
            if _after_colon(words, opened[0].start):
                yield from _carried(analysis, _jointly(words, opened[0].start))
            else:
                yield from _of_kind(analysis, ("size",))
                if last.type in ("LSQB", "COMMA"):
                    yield _item("_", "keyword", documentation=KEYWORDS["_"])
        case "INPUT" if last.type == "OF":
            yield from _of_kind(analysis, ("group",))
        case "OUTPUT" if last.type != "OUTPUT" and any(w.type == "EQUAL" for w in words):
            item = _item(FUNCTION, "keyword", documentation=KEYWORDS[FUNCTION])
            yield replace(item, snippet=f"{FUNCTION}(${{1:energy}}, ${{2:pos}})")


def _after_colon(words: list[Word], bracket: int) -> bool:
    """Whether the axis that is being written has its colon."""
    depth, seen = 0, False
    for word in words:
        if word.span.start <= bracket:
            continue
        depth += (word.type in ("LPAR", "LSQB")) - (word.type in ("RPAR", "RSQB"))
        if depth == 0 and word.type in ("COMMA", "COLON"):
            seen = word.type == "COLON"
    return seen


def _of_kind(analysis: Analysis, kinds: tuple[Kind, ...]) -> Iterator[Completion]:
    """The names in scope of some kinds, in the order of the text."""
    scope = analysis.scope
    for name, entry in scope.declared.items():
        if entry.kind in kinds:
            yield _item(name, entry.kind, _one_line(analysis, name), named(analysis, name) or "")
    if "size" in kinds:
        for name in (n for n in scope.sizes.seen if n not in scope.declared):
            yield _item(name, "size", _one_line(analysis, name), named(analysis, name) or "")


def _one_line(analysis: Analysis, name: str) -> str:
    """The first line of a card, which is a declaration."""
    lines = (named(analysis, name) or "").splitlines()
    return lines[1] if len(lines) > 1 else ""


def _jointly(words: list[Word], bracket: int) -> bool:
    """Whether the axis that is being written is several in brackets, `(h, w): `."""
    last = max((i for i, word in enumerate(words) if word.type == "COLON"), default=0)
    return last > 0 and words[last - 1].type == "RPAR" and words[last - 1].span.start > bracket


def _carried(analysis: Analysis, joint: bool) -> Iterator[Completion]:
    """What an axis may carry: groups by their bare name, their representations, constructors."""
    for name, group in analysis.scope.groups.items():
        facts = group.facts
        if not group.inline and facts.bare is not None and not joint:
            yield _item(name, "group", facts.title, named(analysis, name) or "")
        parameter = str(analysis.scope.sizes.resolved(group.parameter))
        yield from _of_group(facts, parameter, joint, f"{name}.", bare=False)
    if not joint:
        for name, snippet in _BUILDING.items():
            item = _item(f"{name}(R)" if name == "dual" else f"{name}(R, k)", "representation")
            yield replace(item, documentation=built_card(name) or "", snippet=snippet)
    yield from _constructors()
    yield from _of_kind(analysis, ("size",))


_BUILDING = {
    "sym": "sym(${1:R}, ${2:2})",
    "alt": "alt(${1:R}, ${2:2})",
    "dual": "dual(${1:R})",
}


def _constructors() -> Iterator[Completion]:
    for name, facts in compiled_groups().items():
        item = _item(facts.usage, "constructor", facts.title)
        # Tables are of a number, a size that each call tells is not available yet.
        usual = facts.parameter if not facts.tabled else 4 if 4 in facts.examples else 2
        letters = enumerate(str(usual).split(", "), start=1)
        snippet = facts.written(", ".join(f"${{{place}:{letter}}}" for place, letter in letters))
        yield replace(item, documentation=constructor_card(name), snippet=snippet)
    item = _item("generated", "constructor", "a finite group of matrices by generators")
    snippet = "generated { element ${1:r} = [[${2:0, -1}], [${3:1, 0}]] }"
    yield replace(item, documentation=KEYWORDS["generated"], snippet=snippet)


def _line_groups(words: list[Word], scope: Scope) -> list[GroupInstance]:
    """The groups that a `symmetrize` line names; all of them where it names none."""
    until = next((i for i, word in enumerate(words) if word.type == "BY"), len(words))
    named_here = [w.text for w in words[:until] if w.role == "name"]
    if until == 1:
        return list(scope.groups.values())
    return [scope.groups[name] for name in named_here if name in scope.groups]


def _options(analysis: Analysis, words: list[Word], inner: Bracket) -> Iterator[Completion]:
    """Option names of the method, or the values of the option that has been named."""
    method = inner.callee.text if inner.callee is not None else ""
    if not inner.option:
        given = {word.text for word in words if word.role == "option"}
        for name, option in methods()[method].options.items() if method in methods() else ():
            if name not in given:
                default = "" if option.default is None else f", default {option.default}"
                item = _item(name, "option", takes(option) + default)
                documentation = option_card(method, name) or ""
                yield replace(item, documentation=documentation, snippet=f"{name}=$0")
        return
    groups = _line_groups(words, analysis.scope)
    match option_kind(method, inner.option):
        case "net":
            fitting = [set(fitting_nets(group)) for group in groups]
            for name, net in nets().items():
                if all(name in fits for fits in fitting):
                    yield _item(name, "net", net.title, net_card(name) or "")
        case "input":
            names = {group.name for group in groups}
            for tensor in analysis.scope.inputs:
                carried = [a for axis in tensor.axes for a in atoms(axis.representation)]
                if any(a.group in names and _affine(a.group, a.name, analysis) for a in carried):
                    card = named(analysis, tensor.name) or ""
                    yield _item(tensor.name, "input", _one_line(analysis, tensor.name), card)


def _affine(group: str, representation: str, analysis: Analysis) -> bool:
    facts = analysis.scope.groups[group].facts
    return facts.atoms[representation].affine


def _net_options(words: list[Word], inner: Bracket) -> Iterator[Completion]:
    net = inner.callee.text if inner.callee is not None else ""
    if inner.option or net not in nets():
        return
    given = {word.text for word in words if word.role == "net option"}
    for name, option in nets()[net].options.items():
        if name not in given:
            item = _item(name, "option", net_option_text(name, option))
            yield replace(item, snippet=f"{name}=${{1:{as_written(option.default)}}}")
