"""Milliseconds from a keystroke to its findings, by a client of `symc lsp` over its streams.

    python benchmarks/editor_latency.py

The last 60 characters of each reference spec are typed anew, one a change; hover and completion
are asked at each. Longer specs are the largest one with more inputs. The bar for a reference spec:
under 50 ms in the median.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))
MORE = (100, 500)
URI = "file:///tmp/typed.sym"
DOCUMENT = lsp.TextDocumentIdentifier(URI)


class Client(LanguageClient):
    """Keeps the versions of the text of which findings have come."""

    def __init__(self) -> None:
        super().__init__("benchmark", "1")
        self.arrived: asyncio.Queue[int | None] = asyncio.Queue()

        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.arrived.put_nowait(params.version)

        self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)


async def timed(answer: Awaitable[object]) -> float:
    """Milliseconds that an answer takes."""
    before = time.perf_counter()
    await answer
    return 1000 * (time.perf_counter() - before)


async def typed(client: Client, texts: list[str]) -> dict[str, list[float]]:
    """Times of the findings, hovers and completions after each of the texts was sent."""
    client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(URI, "sym", 0, texts[0]))
    )
    await client.arrived.get()
    times: dict[str, list[float]] = {"findings": [], "hover": [], "completion": []}
    for version, text in enumerate(texts, 1):
        document = lsp.VersionedTextDocumentIdentifier(version, URI)
        changes = [lsp.TextDocumentContentChangeWholeDocument(text)]
        before = time.perf_counter()
        client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))
        while await client.arrived.get() != version:
            pass
        times["findings"].append(1000 * (time.perf_counter() - before))
        line = text.count("\n")
        place = lsp.Position(line, len(text) - text.rfind("\n") - 1)
        asked = client.text_document_hover_async(lsp.HoverParams(DOCUMENT, place))
        times["hover"].append(await timed(asked))
        proposed = client.text_document_completion_async(lsp.CompletionParams(DOCUMENT, place))
        times["completion"].append(await timed(proposed))
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(DOCUMENT))
    await client.arrived.get()
    return times


async def measure() -> None:
    """Print a line a spec: the median and the 95th percentile of each time."""
    client = Client()
    await client.start_io(sys.executable, "-m", "symc", "lsp")
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
    client.initialized(lsp.InitializedParams())
    cases = {path.name: path.read_text() for path in SPECS}
    largest = max(cases.values(), key=len)
    for more in MORE:
        inputs = "".join(f"input more{i}[n: P, 3: M.vector]\n" for i in range(more))
        cases[f"{more} inputs more"] = largest + inputs
    print(f"{'ms, median (95 %)':<24}{'findings':>18}{'hover':>18}{'completion':>18}")
    for name, text in cases.items():
        cut = range(len(text) - 60, len(text) + 1)
        times = await typed(client, [text[:end] for end in cut])
        columns = ""
        for values in times.values():
            tail = statistics.quantiles(values, n=20)[-1]
            columns += f"{f'{statistics.median(values):.1f} ({tail:.1f})':>18}"
        print(f"{name:<24}{columns}")
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(measure())
