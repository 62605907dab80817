"""Odd scores of items that have a sign each."""

from __future__ import annotations

from symc_runtime.nets.net import HIDDEN, Net


class SignNet(Net):
    """phi(x) - phi(-x) of an item's numbers, pooled over what later groups permute."""

    name = "signnet"
    title = "odd scores of items"
    fits = "signs"
    options = {"hidden": HIDDEN}
    module = "symc_runtime.modules.signnet:SignNet"
