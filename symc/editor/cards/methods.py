"""Methods of symmetrization, their options, nets and the options of nets."""

from __future__ import annotations

import inspect

from symc.checking.options import MAXIMUM_COUNT
from symc.ir.groups import as_written
from symc_runtime.catalogue import methods, nets
from symc_runtime.methods.method import MethodOption
from symc_runtime.nets.net import NetOption, Switch


def method_card(name: str) -> str | None:
    """Markdown about a method; None where there is none of that name."""
    method = methods().get(name)
    if method is None:
        return None
    head = f"```sym\nsymmetrize by {name}\n```\n\n{method.title}. {inspect.getdoc(method) or ''}"
    lines = [f"- {_headline(key, option)}" for key, option in method.options.items()]
    return "\n\n".join([head, "\n".join(lines)] if lines else [head, "It has no options."])


def option_card(method: str, name: str) -> str | None:
    """Markdown about an option of a method, or of any while the method is not known."""
    known = methods()
    owners = [known[method]] if method in known else list(known.values())
    option = next((m.options[name] for m in owners if name in m.options), None)
    return None if option is None else _headline(name, option)


def net_card(name: str) -> str | None:
    """Markdown about a net."""
    net = nets().get(name)
    if net is None:
        return None
    head = f"```sym\nnet={name}\n```\n\n{net.title}. {inspect.getdoc(net) or ''}"
    options = "\n".join(f"- {net_option_text(k, option)}" for k, option in net.options.items())
    return f"{head}\n\n{options}"


def net_option_card(net: str, name: str) -> str | None:
    """Markdown about an option of a net."""
    option = nets()[net].options.get(name) if net in nets() else None
    return None if option is None else net_option_text(name, option)


def net_option_text(name: str, option: NetOption | Switch) -> str:
    """An option with its meaning, default and range."""
    text = f"`{name}={as_written(option.default)}`: {option.meaning}, "
    if isinstance(option, Switch):
        return text + "`true` or `false`"
    return text + f"a whole number from {option.low} to {option.high:,}"


def _headline(name: str, option: MethodOption) -> str:
    default = "" if option.default is None else f"={option.default}"
    return f"`{name}{default}`: {option.meaning}, {takes(option)}"


def takes(option: MethodOption) -> str:
    """What an option takes, in words."""
    match option.kind:
        case "count":
            return f"a whole number from 1 to {MAXIMUM_COUNT:,}"
        case "positive":
            return "a number above 0"
        case "nonnegative":
            return "a number from 0"
        case "share":
            return "a number from 0 to 1"
        case "net":
            return "a net, as in `net=deepsets(hidden=64)`"
        case "input":
            return "the name of an input"
