"""What traces a computation, and what values of tensors may then be read."""

from __future__ import annotations

from collections.abc import Callable

import torch

# Not in torch before 2.7.
_is_exporting: Callable[[], bool] | None = getattr(torch.compiler, "is_exporting", None)


def is_exporting() -> bool:
    """Whether torch.export or torch.onnx runs this."""
    if _is_exporting is not None and _is_exporting():
        return True
    return not torch.compiler.is_compiling() and torch.onnx.is_in_onnx_export()


def tells_exports() -> bool:
    """Whether this torch (2.7 or later) tells an export from a compilation."""
    return _is_exporting is not None


def is_compiled() -> bool:
    """Whether torch.compile traces this, and surely no export."""
    return torch.compiler.is_compiling() and tells_exports() and not is_exporting()


def is_traced() -> bool:
    """Whether operations are recorded, by a compiler, by torch.export or by torch.jit.trace."""
    return torch.compiler.is_compiling() or _in_torchscript()


def _in_torchscript() -> bool:
    traced: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return traced


def is_readable(x: torch.Tensor) -> bool:
    """Whether the values of x may be looked at, at no cost to a device and to no compiler's dismay.

    Those under torch.vmap are many at once, and those of FakeTensorMode are not there.
    """
    return (
        not is_traced()
        and x.device.type == "cpu"
        and x.numel() > 0
        and type(x) in (torch.Tensor, torch.nn.Parameter)
        and not torch._C._are_functorch_transforms_active()
    )


def refuse_torchscript_trace() -> None:
    """Raise TypeError under torch.jit.trace, but for the older exporter to ONNX, which uses it."""
    if _in_torchscript() and not torch.onnx.is_in_onnx_export():
        refuse_torchscript()


def refuse_torchscript() -> None:
    """Raise TypeError: what torch.jit would make of a model is bound to one shape, or nothing."""
    raise TypeError(
        "TorchScript (torch.jit.script, torch.jit.trace) is not supported; use torch.export, or "
        "torch.compile"
    )
