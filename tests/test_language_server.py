"""`symc lsp` as a process of its own, driven by the client of pygls over its standard streams."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from pygls.workspace import TextDocument

from symc.cli import main
from symc.diagnostics.explain import FOLDER
from symc.editor.server import SpecServer

ROOT = Path(__file__).parents[1]
URI = "file:///tmp/nowhere/cloud.sym"
# As `symc lsp`, but the exit status tells whether it loaded what an editor should not wait for.
START = """
import sys
from symc.cli import main
try:
    main(["lsp", "--stdio"])
except SystemExit as stop:
    assert not stop.code, stop.code
assert not {"torch", "sympy", "numpy", "pydantic"} & sys.modules.keys()
"""
SPEC = """\
spec cloud
# 𝔾 = S(n) × E(3)
group P = S(n)
group M = E(3)

input  pos[n: P, 3: M.point]
output next[n: P, 3: M.point]

symmetrize M by frame(anchor=pos)
"""


class Client(LanguageClient):
    """Collects the findings that the server sends."""

    def __init__(self) -> None:
        super().__init__("test", "0")
        self.published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.errors: list[str] = []
        self.version = 0
        self.initialized_with: lsp.InitializeResult | None = None

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params: lsp.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

        @self.feature(lsp.WINDOW_SHOW_MESSAGE)
        def _(params: lsp.ShowMessageParams) -> None:
            self.errors.append(params.message)

    async def findings(self) -> list[lsp.Diagnostic]:
        """The next findings, which are about the text as it was sent last."""
        published = await asyncio.wait_for(self.published.get(), 20)
        assert published.uri == URI
        assert published.version in (None, self.version)
        return list(published.diagnostics)

    async def open(self, text: str) -> list[lsp.Diagnostic]:
        self.version = 1
        item = lsp.TextDocumentItem(URI, "sym", 1, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return await self.findings()

    def send_change(self, text: str) -> None:
        self.version += 1
        document = lsp.VersionedTextDocumentIdentifier(self.version, URI)
        changes = [lsp.TextDocumentContentChangeWholeDocument(text)]
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))

    async def change(self, text: str) -> list[lsp.Diagnostic]:
        self.send_change(text)
        return await self.findings()


DOCUMENT = lsp.TextDocumentIdentifier(URI)
Conversation = Callable[[Client], Coroutine[Any, Any, None]]


def converse(conversation: Conversation, encodings: list[str] | None = None) -> None:
    """Runs a conversation with a fresh server, from `initialize` to its exit with status 0."""

    async def run() -> None:
        client = Client()
        await client.start_io(sys.executable, "-c", START)
        general = lsp.GeneralClientCapabilities(
            position_encodings=[lsp.PositionEncodingKind(e) for e in encodings]
            if encodings
            else None
        )
        item = lsp.ClientCompletionItemOptions(snippet_support=True)
        completion = lsp.CompletionClientCapabilities(completion_item=item)
        text_document = lsp.TextDocumentClientCapabilities(completion=completion)
        capabilities = lsp.ClientCapabilities(text_document=text_document, general=general)
        client.initialized_with = await client.initialize_async(
            lsp.InitializeParams(capabilities=capabilities)
        )
        client.initialized(lsp.InitializedParams())
        await asyncio.wait_for(conversation(client), 60)
        await client.shutdown_async(None)
        client.exit(None)
        server = client._server
        assert server is not None
        status = await asyncio.wait_for(server.wait(), 20)
        await client.stop()
        assert status == 0
        assert client.errors == []

    asyncio.run(run())


def place(text: str, word: str, inside: int = 0) -> lsp.Position:
    """Where a word stands, in code units of UTF-16."""
    start = text.index(word) + inside
    line = text.count("\n", 0, start)
    column = text[text.rfind("\n", 0, start) + 1 : start]
    return lsp.Position(line, len(column.encode("utf-16-le")) // 2)


def span(text: str, word: str) -> lsp.Range:
    return lsp.Range(place(text, word), place(text, word, len(word)))


def applied(text: str, edits: list[lsp.TextEdit]) -> str:
    """A text without astral characters on edited lines, with edits made."""
    lines = text.split("\n")

    def offset(position: lsp.Position) -> int:
        return sum(len(line) + 1 for line in lines[: position.line]) + position.character

    for edit in sorted(edits, key=lambda e: offset(e.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def test_findings_on_open_change_save_and_close() -> None:
    async def conversation(client: Client) -> None:
        assert await client.open(SPEC) == []
        wrong = SPEC.replace("next[n: P", "next[n: Q")
        (found,) = await client.change(wrong)
        assert (found.code, found.source) == ("SYM201", "symc")
        assert found.severity is lsp.DiagnosticSeverity.Error
        assert found.range == span(wrong, "Q")
        assert "\nhelp: " in found.message
        assert found.code_description is not None
        assert found.code_description.href == (FOLDER / "SYM201.md").as_uri()
        client.text_document_did_save(lsp.DidSaveTextDocumentParams(DOCUMENT))
        assert await client.findings() == [found]
        twice = SPEC + "input pos[n]\n"
        (found,) = await client.change(twice)
        assert found.code == "SYM202"
        assert found.related_information is not None
        (related,) = found.related_information
        assert related.location == lsp.Location(URI, span(twice, "pos"))
        client.text_document_did_close(lsp.DidCloseTextDocumentParams(DOCUMENT))
        assert await client.findings() == []

    converse(conversation)


@pytest.mark.parametrize(
    ("encodings", "chosen", "column"),
    [
        (None, "utf-16", 23),
        (["utf-16"], "utf-16", 23),
        (["utf-8", "utf-16"], "utf-8", 27),
        (["utf-32", "utf-16"], "utf-32", 22),
    ],
)
def test_places_are_counted_as_was_agreed(
    encodings: list[str] | None, chosen: str, column: int
) -> None:
    text = '"""𝔾 ⊗"""  input x[n: Q]\noutput y\n'

    async def conversation(client: Client) -> None:
        assert client.initialized_with is not None
        capabilities = client.initialized_with.capabilities
        assert capabilities.position_encoding == lsp.PositionEncodingKind(chosen)
        (found,) = await client.open(text)
        assert found.range == lsp.Range(lsp.Position(0, column), lsp.Position(0, column + 1))
        size = lsp.Position(0, column - 3)
        defined = await client.text_document_definition_async(lsp.DefinitionParams(DOCUMENT, size))
        assert isinstance(defined, lsp.Location)
        assert defined.range == lsp.Range(size, lsp.Position(0, column - 2))

    converse(conversation, encodings)


def test_questions_about_a_spec() -> None:
    async def conversation(client: Client) -> None:
        await client.open(SPEC)
        pos = place(SPEC, "anchor=pos", 8)
        hover = await client.text_document_hover_async(lsp.HoverParams(DOCUMENT, pos))
        assert hover is not None
        assert isinstance(hover.contents, lsp.MarkupContent)
        assert "input pos[n: P, 3: M.point]" in hover.contents.value
        assert hover.range == lsp.Range(place(SPEC, "anchor=pos", 7), place(SPEC, "pos)", 3))
        defined = await client.text_document_definition_async(lsp.DefinitionParams(DOCUMENT, pos))
        assert defined == lsp.Location(URI, span(SPEC, "pos"))
        context = lsp.ReferenceContext(include_declaration=False)
        referenced = await client.text_document_references_async(
            lsp.ReferenceParams(context, DOCUMENT, pos)
        )
        assert list(referenced or []) == [lsp.Location(URI, hover.range)]
        marked = await client.text_document_document_highlight_async(
            lsp.DocumentHighlightParams(DOCUMENT, pos)
        )
        assert marked is not None
        assert len(marked) == 2
        outline = await client.text_document_document_symbol_async(
            lsp.DocumentSymbolParams(DOCUMENT)
        )
        assert outline is not None
        names = ["cloud", "P", "M", "pos", "next", "symmetrize M by frame(anchor=pos)"]
        assert [symbol.name for symbol in outline] == names

    converse(conversation)


def test_completion_in_a_spec_that_is_being_typed() -> None:
    typed = SPEC + "input vel[n: P, 3: M.ve"

    async def conversation(client: Client) -> None:
        await client.open(SPEC)
        assert await client.change(typed)
        end = lsp.Position(typed.count("\n"), len("input vel[n: P, 3: M.ve"))
        found = await client.text_document_completion_async(lsp.CompletionParams(DOCUMENT, end))
        assert isinstance(found, lsp.CompletionList)
        items = sorted(found.items, key=lambda item: item.sort_text or "")
        assert [item.label for item in items][:2] == ["point", "vector"]
        edit = items[1].text_edit
        assert isinstance(edit, lsp.TextEdit)
        assert applied(typed, [edit]) == typed + "ctor"
        await client.change(SPEC)
        end = lsp.Position(SPEC.count("\n"), 0)
        found = await client.text_document_completion_async(lsp.CompletionParams(DOCUMENT, end))
        assert isinstance(found, lsp.CompletionList)
        (group,) = (item for item in found.items if item.label == "group")
        assert group.insert_text_format is lsp.InsertTextFormat.Snippet
        assert isinstance(group.text_edit, lsp.TextEdit)
        assert group.text_edit.new_text == "group ${1:P} = ${2:S(n)}"

    converse(conversation)


def test_rename_and_its_refusals() -> None:
    async def conversation(client: Client) -> None:
        await client.open(SPEC)
        pos = place(SPEC, "pos", 1)
        prepared = await client.text_document_prepare_rename_async(
            lsp.PrepareRenameParams(DOCUMENT, pos)
        )
        assert prepared == span(SPEC, "pos")
        edit = await client.text_document_rename_async(lsp.RenameParams(DOCUMENT, pos, "where"))
        assert edit is not None
        assert edit.changes is not None
        renamed = applied(SPEC, list(edit.changes[URI]))
        assert renamed == SPEC.replace("pos", "where")
        assert await client.change(renamed) == []
        with pytest.raises(JsonRpcException, match="`input` is reserved"):
            await client.text_document_rename_async(lsp.RenameParams(DOCUMENT, pos, "input"))
        with pytest.raises(JsonRpcException, match="only sizes, groups"):
            await client.text_document_prepare_rename_async(
                lsp.PrepareRenameParams(DOCUMENT, place(renamed, "frame"))
            )

    converse(conversation)


def test_formatting_and_quick_fixes() -> None:
    options = lsp.FormattingOptions(tab_size=8, insert_spaces=False)

    async def conversation(client: Client) -> None:
        loose = SPEC.replace("[n: P, 3: M.point]", "[ n:P,3 :M.point ]")
        await client.open(loose)
        edits = await client.text_document_formatting_async(
            lsp.DocumentFormattingParams(DOCUMENT, options)
        )
        assert applied(loose, list(edits or [])) == SPEC
        await client.change(loose + "group")
        edits = await client.text_document_formatting_async(
            lsp.DocumentFormattingParams(DOCUMENT, options)
        )
        assert not edits
        wrong = SPEC.replace("by frame", "by frames")
        (found,) = await client.change(wrong)
        actions = await client.text_document_code_action_async(
            lsp.CodeActionParams(DOCUMENT, found.range, lsp.CodeActionContext([found]))
        )
        (action,) = (a for a in actions or [] if isinstance(a, lsp.CodeAction) and a.is_preferred)
        assert action.title == "Write `frame`"
        assert action.edit is not None
        assert action.edit.changes is not None
        assert applied(wrong, list(action.edit.changes[URI])) == SPEC

    converse(conversation)


@pytest.mark.parametrize("kind", ["pipe", "device", "text", "latin"])
def test_what_is_not_open_is_read_if_it_can_be(tmp_path: Path, kind: str) -> None:
    """A client may ask about a file that it did not open; the answer never waits for ever."""
    path = tmp_path / "a.sym"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(SPEC.encode("utf-8") if kind == "text" else b"# \xe9\n")
    document = lsp.TextDocumentIdentifier(path.as_uri())

    async def conversation(client: Client) -> None:
        asking = client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
        if kind == "text":
            assert len(await asyncio.wait_for(asking, 20) or ()) == 6
            return
        said = {"pipe": "it is a pipe", "device": "it is a device", "latin": "not UTF-8"}[kind]
        with pytest.raises(JsonRpcException, match=said):
            await asyncio.wait_for(asking, 20)
        client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))
        assert await client.open(SPEC) == []

    converse(conversation)


@pytest.mark.parametrize("keyed", ["as it comes", "unquoted"])
def test_what_is_open_is_read_there_however_pygls_keeps_addresses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keyed: str
) -> None:
    """From pygls 2.1 on they are kept unquoted, before as the editor writes them."""
    path = tmp_path / "a cloud.sym"
    path.write_text("output on_the_disk\n", encoding="utf-8")
    uri = path.as_uri()
    assert "%20" in uri
    opened = TextDocument(uri, SPEC)
    workspace = SimpleNamespace(
        text_documents={uri if keyed == "as it comes" else unquote(uri): opened},
        get_text_document=lambda uri: opened,
        position_encoding="utf-16",
    )
    monkeypatch.setattr(SpecServer, "workspace", workspace)
    assert SpecServer().document(uri).analysis.text == SPEC


def test_findings_follow_a_change_at_once_and_only_the_last_of_many() -> None:
    async def conversation(client: Client) -> None:
        await client.open(SPEC)
        taken = []
        for index in range(30):
            before = time.perf_counter()
            await client.change(SPEC + f"input x{index}[n: P, 3: M.po")
            taken.append(time.perf_counter() - before)
        print(f"findings after {1000 * median(taken):.1f} ms")
        assert median(taken) < 0.5
        large = SPEC + "".join(f"input x{i}[n: P, 3: M.vector]\n" for i in range(300))
        await client.change(large)
        for index in range(40):
            client.send_change(large + f"# {index}\n")
        await asyncio.sleep(0.2)
        sent = 0
        last = None
        while last != client.version:
            published = await asyncio.wait_for(client.published.get(), 20)
            last, sent = published.version, sent + 1
        assert sent < 20

    converse(conversation)


def test_without_pygls_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("pygls", "lsprotocol")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("symc.editor.server", "symc.editor.protocol"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    with pytest.raises(SystemExit) as stop:
        main(["lsp"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error == "error: the language server needs pygls: pip install 'pygls>=2'\n"


def test_other_commands_do_not_load_the_server() -> None:
    code = (
        "import sys\nfrom symc.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'pygls', 'lsprotocol', 'asyncio'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "lsp" in done.stdout
