"""A description as one self-contained page: no script, nothing from outside."""

from symc.description.html.page import page

__all__ = ["page"]
