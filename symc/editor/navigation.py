"""Where a name is declared, where it is used, and how it is renamed."""

from __future__ import annotations

from symc.editor.analysis import Analysis
from symc.editor.words import Word
from symc.source import Span
from symc.syntax.parse.names import refusal


class RenameRefusedError(ValueError):
    """A name that cannot be given, or a word that cannot be renamed; the message says why."""


def name_at(analysis: Analysis, offset: int) -> Word | None:
    """The name of a size, a group, a tensor or an element of a matrix group at a place."""
    touched = analysis.word_at(offset)
    if touched is None or analysis.is_prose(offset):
        return None
    word = touched[0][touched[1]]
    return word if word.role in ("declaration", "name", "element") else None


def definition(analysis: Analysis, offset: int) -> Span | None:
    """Where the name at a place is declared; a free size without a statement: its first use."""
    word = name_at(analysis, offset)
    if word is None:
        return None
    if word.role == "element":
        return next((w.span for w in occurrences(analysis, word)), None)
    return analysis.declaration(word.text)


def references(analysis: Analysis, offset: int, declaration: bool = True) -> list[Span]:
    """Every place of the name at a place, in the order of the text."""
    word = name_at(analysis, offset)
    if word is None:
        return []
    declared = definition(analysis, offset)
    spans = [found.span for found in occurrences(analysis, word)]
    return spans if declaration else [span for span in spans if span != declared]


def occurrences(analysis: Analysis, word: Word) -> list[Word]:
    """The words that mean what this one means."""
    if word.role != "element":
        return [found for found in analysis.globals if found.text == word.text]
    every = (found for statement in analysis.statements for found in statement)
    return [w for w in every if (w.role, w.text, w.scope) == ("element", word.text, word.scope)]


def renamable(analysis: Analysis, offset: int) -> Word:
    """The name at a place that can be renamed. Raises RenameRefusedError."""
    word = name_at(analysis, offset)
    if word is None:
        raise RenameRefusedError("only sizes, groups, inputs and outputs can be renamed")
    if word.role != "element" and analysis.declaration(word.text) is None:
        raise RenameRefusedError(f"`{word.text}` is not declared")
    if analysis.lexed.diagnostics:
        line = analysis.source.position(analysis.lexed.diagnostics[0].span.start).line
        raise RenameRefusedError(f"line {line} cannot be read and may use it: mend that first")
    if word.text in analysis.compilation.parsed.unread_names:
        raise RenameRefusedError(
            f"`{word.text}` stands in a statement with a syntax error: mend that first"
        )
    return word


def rename(analysis: Analysis, offset: int, new: str) -> list[Span]:
    """The places where `new` is to be written instead. Raises RenameRefusedError.

    Refused are names that the language refuses and names that anything in the spec has.
    """
    word = renamable(analysis, offset)
    reason = refusal(new)
    if reason is not None:
        raise RenameRefusedError(reason)
    taken = (w for s in analysis.statements for w in s if w.text == new and new != word.text)
    for other in taken:
        if other.role in ("declaration", "name", "element"):
            line = analysis.source.position(other.span.start).line
            raise RenameRefusedError(f"`{new}` is taken: it stands on line {line} already")
    return [found.span for found in occurrences(analysis, word)]
