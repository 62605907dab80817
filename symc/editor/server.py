"""The language server: hands each request to the functions beside this file. Alone imports pygls.

Texts come whole at each change: a spec is short, and so its lines are counted in one place,
`positions`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from symc import __version__
from symc.decoding import read_text
from symc.diagnostics.diagnostic import Diagnostic
from symc.editor import completion, fixes, formatting, hover, navigation, symbols
from symc.editor.protocol import Document


class SpecServer(LanguageServer):
    """Keeps the documents that are open."""

    def __init__(self) -> None:
        super().__init__("symc", __version__, lsp.TextDocumentSyncKind.Full)
        self.documents: dict[str, Document] = {}
        self.seconds: dict[str, float] = {}

    def document(self, uri: str) -> Document:
        """The document as it is now, in the editor or, where that did not open it, on the disk.

        Raises JsonRpcException where there is none that can be read.
        """
        opened = self.workspace.get_text_document(uri)
        # The one that the server would make of a file is read without asking what it is. Before
        # pygls 2.1 addresses are kept as they come.
        is_open = not {uri, unquote(uri)}.isdisjoint(self.workspace.text_documents)
        text = opened.source if is_open else _on_disk(opened.path)
        known = self.documents.get(uri)
        if known is None or known.analysis.text != text:
            chosen = lsp.PositionEncodingKind(self.workspace.position_encoding or "utf-16")
            known = self.documents[uri] = Document(uri, opened.path, text, chosen.value)
        return known

    def publish(self, uri: str) -> None:
        """Check a document and send what was found."""
        before = time.perf_counter()
        try:
            document = self.document(uri)
        except JsonRpcException:
            return  # what is not open and cannot be read has no findings
        found = [document.diagnostic(d) for d in document.analysis.compilation.diagnostics]
        version = self.workspace.get_text_document(uri).version
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))
        self.seconds[uri] = time.perf_counter() - before

    @property
    def takes_snippets(self) -> bool:
        """Whether the client fills the places of a snippet."""
        text_document = self.client_capabilities.text_document
        wanted = text_document.completion if text_document is not None else None
        item = wanted.completion_item if wanted is not None else None
        return bool(item is not None and item.snippet_support)


def _on_disk(path: str) -> str:
    """The text of a file; never waits for a pipe or a device."""
    try:
        found = read_text(path, Path(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _failed(f"cannot read `{path}`: {reason}") from error
    if isinstance(found, Diagnostic):
        raise _failed(f"cannot read `{path}`: {found.message}")
    return found.text


def _failed(message: str) -> JsonRpcException:
    return JsonRpcException(message, lsp.LSPErrorCodes.RequestFailed.value)


server = SpecServer()


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
def opened(server: SpecServer, params: lsp.DidOpenTextDocumentParams) -> None:
    """Findings at once."""
    server.publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def changed(server: SpecServer, params: lsp.DidChangeTextDocumentParams) -> None:
    """Findings about the last text: who types faster than it is checked waits for one check."""
    uri, version = params.text_document.uri, params.text_document.version
    await asyncio.sleep(server.seconds.get(uri, 0.0))
    if server.workspace.get_text_document(uri).version == version:
        server.publish(uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
def saved(server: SpecServer, params: lsp.DidSaveTextDocumentParams) -> None:
    """Findings again, for clients that drop them."""
    server.publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def closed(server: SpecServer, params: lsp.DidCloseTextDocumentParams) -> None:
    """A closed document has no findings."""
    uri = params.text_document.uri
    server.documents.pop(uri, None)
    server.seconds.pop(uri, None)
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def hovered(server: SpecServer, params: lsp.HoverParams) -> lsp.Hover | None:
    """Markdown about the thing under the pointer."""
    document = server.document(params.text_document.uri)
    found = hover.hover(document.analysis, document.offset(params.position))
    if found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text)
    return lsp.Hover(content, document.range(found.span))


@server.feature(
    lsp.TEXT_DOCUMENT_COMPLETION,
    lsp.CompletionOptions(trigger_characters=[".", "(", "[", ":", "=", ",", " "]),
)
def completed(server: SpecServer, params: lsp.CompletionParams) -> lsp.CompletionList:
    """Proposals, in the order in which they were found."""
    document = server.document(params.text_document.uri)
    found = completion.complete(document.analysis, document.offset(params.position))
    snippets = server.takes_snippets
    items = [document.proposal(item, order, snippets) for order, item in enumerate(found)]
    return lsp.CompletionList(is_incomplete=False, items=items)


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def defined(server: SpecServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where the name under the pointer is declared."""
    document = server.document(params.text_document.uri)
    span = navigation.definition(document.analysis, document.offset(params.position))
    return None if span is None else document.location(span)


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
def referenced(server: SpecServer, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Every place of the name under the pointer."""
    document = server.document(params.text_document.uri)
    offset = document.offset(params.position)
    declaration = params.context.include_declaration
    return [
        document.location(span)
        for span in navigation.references(document.analysis, offset, declaration)
    ]


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
def highlighted(
    server: SpecServer, params: lsp.DocumentHighlightParams
) -> list[lsp.DocumentHighlight]:
    """The same places, to be marked."""
    document = server.document(params.text_document.uri)
    spans = navigation.references(document.analysis, document.offset(params.position))
    return [lsp.DocumentHighlight(document.range(span)) for span in spans]


@server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
def renamable(server: SpecServer, params: lsp.PrepareRenameParams) -> lsp.Range:
    """The name that would be renamed; refused with the reason."""
    document = server.document(params.text_document.uri)
    try:
        word = navigation.renamable(document.analysis, document.offset(params.position))
    except navigation.RenameRefusedError as error:
        raise _refused(error) from error
    return document.range(word.span)


@server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
def renamed(server: SpecServer, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    """The edits of a rename; refused with the reason."""
    document = server.document(params.text_document.uri)
    try:
        spans = navigation.rename(
            document.analysis, document.offset(params.position), params.new_name
        )
    except navigation.RenameRefusedError as error:
        raise _refused(error) from error
    edits = [lsp.TextEdit(document.range(span), params.new_name) for span in spans]
    return lsp.WorkspaceEdit(changes={document.uri: edits})


def _refused(error: navigation.RenameRefusedError) -> JsonRpcException:
    return _failed(str(error))


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
def formatted(
    server: SpecServer, params: lsp.DocumentFormattingParams
) -> list[lsp.TextEdit] | None:
    """The one style, whatever the client's options; nothing for a spec with syntax errors."""
    document = server.document(params.text_document.uri)
    edits = formatting.format_edits(document.analysis)
    return [lsp.TextEdit(document.range(edit.span), edit.text) for edit in edits]


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def outlined(server: SpecServer, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The statements."""
    document = server.document(params.text_document.uri)
    return [document.symbol(symbol) for symbol in symbols.symbols(document.analysis)]


@server.feature(
    lsp.TEXT_DOCUMENT_CODE_ACTION,
    lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
)
def mended(server: SpecServer, params: lsp.CodeActionParams) -> Sequence[lsp.CodeAction]:
    """Quick fixes of the findings that the range touches."""
    document = server.document(params.text_document.uri)
    start, end = document.offset(params.range.start), document.offset(params.range.end)
    return [
        document.action(fix)
        for found in document.analysis.compilation.diagnostics
        if found.span.start <= end and start <= found.span.end
        for fix in fixes.fixes(document.analysis, found)
    ]


def serve() -> None:
    """Speaks to one editor over standard input and output until it says `exit`."""
    server.start_io()
