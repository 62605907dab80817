"""How large a spec may be: bounds that keep every later visitor of the tree quick and shallow."""

from __future__ import annotations

from typing import Final

MAX_CHARACTERS: Final = 30_000
MAX_DEPTH: Final = 100  # of brackets in the text, and of nodes in the tree
MAX_AXES: Final = 64  # no torch tensor has more
MAX_DIGITS: Final = 18  # any such number fits into 64 bits
MAX_DIAGNOSTICS: Final = 50  # more from one file help nobody
