"""The LALR tables of `grammar/sym.lark`: shipped as data of `Lark.save`, rebuilt where stale.

`python -m symc.syntax.parse.tables` writes them anew after a change of the grammar.
"""

from __future__ import annotations

import io
import pickle
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark

TABLES = Path(__file__).with_name("sym.tables")


def grammar_path() -> Path | None:
    """Where the grammar lies: inside the package (a wheel), or beside it (a checkout)."""
    package = Path(__file__).parents[2]
    for folder in (package, package.parent):
        path = folder / "grammar" / "sym.lark"
        if path.is_file():
            return path
    return None


def build(grammar: str) -> Lark:
    """The parser of a grammar text, from scratch (some 50 ms)."""
    from lark import Lark

    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="document",
        keep_all_tokens=True,
        maybe_placeholders=False,
        strict=False,
    )


def dump(grammar: str) -> bytes:
    """The tables of a grammar, with the Lark version and the grammar that they belong to."""
    import lark

    tables = io.BytesIO()
    build(grammar).save(tables)
    return pickle.dumps((lark.__version__, grammar, tables.getvalue()), protocol=5)


@cache
def parser() -> Lark:
    """The parser, from the shipped tables where they fit, else built from the grammar."""
    import lark

    path = grammar_path()
    grammar = path.read_text(encoding="utf-8") if path is not None else None
    if TABLES.is_file():
        version, text, tables = pickle.loads(TABLES.read_bytes())
        if version == lark.__version__ and grammar in (None, text):
            return lark.Lark.load(io.BytesIO(tables))
        # The tables know their own grammar, so another Lark can still read the language.
        grammar = grammar or text
    if grammar is None:
        raise RuntimeError("neither sym.lark nor its tables are where symc is installed")
    return build(grammar)


def main() -> None:
    """Writes the tables of the grammar in this checkout."""
    path = grammar_path()
    if path is None:
        raise SystemExit("no grammar/sym.lark beside or inside the package")
    TABLES.write_bytes(dump(path.read_text(encoding="utf-8")))
    print(f"wrote {TABLES}")


if __name__ == "__main__":
    main()
