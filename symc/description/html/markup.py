"""Text as markup: every name and sentence of a spec passes through here."""

from __future__ import annotations

import re
from html import escape

from symc.diagnostics.render._terminal import shown


def text(value: object) -> str:
    """Text that cannot be read as markup, nor hold control or direction characters."""
    return escape(shown(str(value)), quote=True)


def sentence(value: str) -> str:
    """Text in which what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text(value))


def element(tag: str, inner: str, **attributes: object) -> str:
    """An element with markup inside; attributes are escaped, `class_` is `class`."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{written}>{inner}</{tag}>"


def cut(value: str, length: int) -> str:
    """A name that fits a box."""
    return value if len(value) <= length else f"{value[: length - 1]}\u2026"
