"""Spans, findings and proposals in the words of the Language Server Protocol 3.17."""

from __future__ import annotations

from lsprotocol import types as lsp

from symc.characters import escaped
from symc.diagnostics.codes import Severity
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.explain import FOLDER
from symc.editor import completion, symbols
from symc.editor.analysis import Analysis
from symc.editor.fixes import Fix
from symc.editor.positions import Encoding, Lines, Place
from symc.source import Span

_SEVERITIES: dict[Severity, lsp.DiagnosticSeverity] = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
_COMPLETIONS: dict[completion.Kind, lsp.CompletionItemKind] = {
    "statement": lsp.CompletionItemKind.Keyword,
    "keyword": lsp.CompletionItemKind.Keyword,
    "size": lsp.CompletionItemKind.Constant,
    "group": lsp.CompletionItemKind.Class,
    "input": lsp.CompletionItemKind.Variable,
    "output": lsp.CompletionItemKind.Variable,
    "constructor": lsp.CompletionItemKind.Constructor,
    "representation": lsp.CompletionItemKind.Property,
    "method": lsp.CompletionItemKind.Method,
    "option": lsp.CompletionItemKind.Field,
    "net": lsp.CompletionItemKind.Module,
}
_SYMBOLS: dict[symbols.Kind, lsp.SymbolKind] = {
    "spec": lsp.SymbolKind.Module,
    "size": lsp.SymbolKind.Constant,
    "group": lsp.SymbolKind.Class,
    "input": lsp.SymbolKind.Variable,
    "output": lsp.SymbolKind.Field,
    "symmetrize": lsp.SymbolKind.Method,
}


class Document:
    """One open text: its analysis, and its lines in the units of the client."""

    def __init__(self, uri: str, path: str, text: str, encoding: Encoding) -> None:
        self.uri = uri
        self.analysis = Analysis(text, path)
        self.lines = Lines(text, encoding)

    def offset(self, position: lsp.Position) -> int:
        """The character offset of a position of the client."""
        return self.lines.offset(Place(position.line, position.character))

    def range(self, span: Span) -> lsp.Range:
        """A span as the client counts."""
        start, end = (lsp.Position(*self.lines.place(offset)) for offset in span)
        return lsp.Range(start, end)

    def location(self, span: Span) -> lsp.Location:
        """A span with the file that it lies in."""
        return lsp.Location(self.uri, self.range(span))

    def diagnostic(self, found: Diagnostic) -> lsp.Diagnostic:
        """A finding of the checker, its help on a line of its own."""
        # Marks of direction would turn around what an editor shows.
        help = "" if found.help is None else f"\nhelp: {escaped(found.help)}"
        message = f"{escaped(found.message)}{help}"
        return lsp.Diagnostic(
            range=self.range(found.span),
            message=message,
            severity=_SEVERITIES[found.severity],
            code=found.code,
            code_description=lsp.CodeDescription((FOLDER / f"{found.code}.md").as_uri()),
            source="symc",
            related_information=[
                lsp.DiagnosticRelatedInformation(self.location(other.span), escaped(other.message))
                for other in found.related
            ],
        )

    def proposal(
        self, found: completion.Completion, order: int, snippets: bool
    ) -> lsp.CompletionItem:
        """A completion, the `order`-th; with places to fill where the client takes snippets."""
        snippet = found.snippet if snippets else None
        plain, filled = lsp.InsertTextFormat.PlainText, lsp.InsertTextFormat.Snippet
        markdown = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.documentation)
        return lsp.CompletionItem(
            found.label,
            kind=_COMPLETIONS[found.kind],
            detail=found.detail or None,
            documentation=markdown if found.documentation else None,
            sort_text=f"{order:04}",
            text_edit=lsp.TextEdit(self.range(found.span), snippet or found.label),
            insert_text_format=plain if snippet is None else filled,
        )

    def symbol(self, found: symbols.Symbol) -> lsp.DocumentSymbol:
        """A statement of the outline."""
        return lsp.DocumentSymbol(
            name=found.name,
            kind=_SYMBOLS[found.kind],
            range=self.range(found.span),
            selection_range=self.range(found.name_span),
            detail=found.detail,
        )

    def action(self, fix: Fix) -> lsp.CodeAction:
        """A quick fix."""
        edit = lsp.TextEdit(self.range(fix.span), fix.text)
        return lsp.CodeAction(
            title=fix.title,
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(fix.diagnostic)],
            is_preferred=fix.preferred,
            edit=lsp.WorkspaceEdit(changes={self.uri: [edit]}),
        )
