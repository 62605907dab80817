"""Sums over chunks of samples, whose memory in training is that of one chunk.

Two passes, as gradient checkpointing has it (Chen et al., Training Deep Nets with Sublinear Memory
Cost, 2016): the sum, whose graph is dropped, then in backward chunk by chunk with its gradient. A
graph of checkpoints does the same for activations, but it holds a second copy of all parameters'
gradients while it sums them over chunks. Here each chunk's go to `.grad` at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from symc_runtime.call.repetition import Moment
from symc_runtime.call.weight_gradients import LinearAddsToGrad, is_plain_backward

Values = tuple[Tensor, ...]
Part = Callable[[Sequence[Tensor], Sequence[Tensor]], Values]


def sum_over_chunks(
    model: nn.Module, part: Part, shared: Sequence[Tensor], noise: Sequence[Tensor], chunk: int
) -> Values:
    """The sum of `part(shared, pieces)` over the pieces of `noise`, `chunk` samples at a time.

    `part` uses no tensors but its arguments and the model's parameters and buffers. Gradients are
    those of the plain sum, of any order, whether by `backward` or by `torch.autograd.grad`.

    A graph of checkpoints is built instead, which holds another copy of the gradients, where these
    could not go to `.grad` as they come: hooks on parameters (which see the whole gradient, once),
    parameters that are not leaves, tensors with gradient in plain attributes, and a process group
    of torch.distributed, whose wrappers wait for each gradient once; and in torch.compile.

    Raises:
        RuntimeError: in backward, where a parameter was changed, or got a hook, since the forward.
    """
    samples = noise[0].shape[0]
    pieces = [[z[start : start + chunk] for z in noise] for start in range(0, samples, chunk)]
    if not torch.is_grad_enabled():
        return _summed(part(shared, each) for each in pieces)
    if torch._C._are_functorch_transforms_active():
        # These know no checkpoints.
        return _summed(part(shared, each) for each in pieces)
    sharded = any(hasattr(p, "device_mesh") for p in model.parameters())
    if torch.compiler.is_compiling() or sharded:
        # Of sharded parameters the modules that hold them gather the whole, each time they run.

        def traced(*each: Tensor) -> Values:
            return part(shared, each)

        return _summed(checkpoint(traced, *each, use_reentrant=False) for each in pieces)
    moments = [Moment(model, noise[0].device) for _ in pieces]
    plan = _Plan(model, part, len(shared), chunk, moments)
    tensors = (*shared, *noise, *plan.learned)
    if _accumulates_at_once(model, plan.learned) and any(t.requires_grad for t in tensors):
        # Views, since the engine tells only of inner nodes whether it will run them.
        function: Any = _SumOverChunks.apply
        values: Values = function(plan, *(t.view_as(t) for t in tensors))
        return values
    return _summed(
        checkpoint(
            plan.run,
            moment,
            shared,
            each,
            plan.learned,
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for each, moment in zip(pieces, moments, strict=True)
    )


@dataclass
class _Plan:
    """One call: its parts, and the parameters and buffers that it saw.

    `torch.func.functional_call` may have replaced these in the forward, and no longer in backward.
    """

    model: nn.Module
    part: Part
    shared: int
    chunk: int
    moments: list[Moment]
    seen: dict[str, Tensor] = field(init=False)
    learned: list[Tensor] = field(init=False)
    versions: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = _named(self.model)
        self.learned = list({id(t): t for t in self.seen.values() if t.requires_grad}.values())
        self.versions = [p._version for p in self.learned]

    def chunks(
        self, arguments: Sequence[Tensor], learned: Sequence[Tensor], graphs: bool
    ) -> Iterator[Values]:
        """The values of each chunk with these for `self.learned`, with their graphs if asked.

        Gradients are enabled even if not, since the stages, and maybe the base, compute something
        else where they are not.
        """
        for index, moment in enumerate(self.moments):
            start = index * self.chunk
            with torch.enable_grad():
                pieces = [z[start : start + self.chunk] for z in arguments[self.shared :]]
                values = self.run(moment, arguments[: self.shared], pieces, learned)
            # Nothing here may keep a graph while the next chunk makes its own.
            if not graphs:
                values = tuple(value.detach() for value in values)
            yield values
            del values

    def run(
        self,
        moment: Moment,
        shared: Sequence[Tensor],
        pieces: Sequence[Tensor],
        learned: Sequence[Tensor],
    ) -> Values:
        """The part, the first time or again on the tensors that the first time saw."""
        if not moment.over:
            with moment.first():
                return self.part(shared, pieces)
        for parameter, version in zip(self.learned, self.versions, strict=True):
            if parameter._version != version:
                raise RuntimeError(
                    "a parameter was changed in place since the forward, which `chunk` repeats in "
                    "backward: call backward before the step of an optimizer"
                )

        def again(*each: Sequence[Tensor]) -> Values:
            with moment.again():
                return self.part(*each)

        now = _named(self.model)
        stand_ins = {id(a): b for a, b in zip(self.learned, learned, strict=True)}
        wanted = {name: stand_ins.get(id(t), t) for name, t in self.seen.items()}
        replaced = {f"model.{name}": t for name, t in wanted.items() if now.get(name) is not t}
        if not replaced:
            return again(shared, pieces)
        values: Values = functional_call(_Called(self.model, again), replaced, (shared, pieces))
        return values


class _Called(nn.Module):
    """A part as a module, for `functional_call`."""

    def __init__(self, model: nn.Module, part: Part) -> None:
        super().__init__()
        self.model = model
        self.part = part

    def forward(self, shared: Sequence[Tensor], pieces: Sequence[Tensor]) -> Values:
        return self.part(shared, pieces)


class _SumOverChunks(torch.autograd.Function):
    """Of a plan, on its arguments and (for the graph's sake) on views of its parameters.

    In a plain `backward` the parameters' gradients are added to their `.grad` chunk by chunk, and
    none is returned. Where gradients are asked for by name, or with a graph of their own, those
    asked for are summed here and returned.
    """

    @staticmethod
    def forward(ctx: Any, plan: _Plan, *tensors: Tensor) -> Values:
        arguments = tensors[: len(tensors) - len(plan.learned)]
        ctx.plan = plan
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*arguments)
        cut = [t.detach().requires_grad_(t.requires_grad) for t in arguments]
        return _summed(plan.chunks(cut, plan.learned, graphs=False))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        plan: _Plan = ctx.plan
        if any(_hooked(parameter) for parameter in plan.learned):
            raise RuntimeError(
                "a parameter got a hook since the forward: with `chunk`, register hooks before the "
                "forward, so that they see the whole gradient and not each chunk's"
            )
        differentiable = torch.is_grad_enabled()
        at_once = not differentiable and is_plain_backward()
        with torch.enable_grad():
            # Cut off: outside, an argument may depend on another, or on a parameter.
            arguments: list[Tensor] = [
                t.view_as(t) if differentiable else t.detach().requires_grad_(t.requires_grad)
                for t in ctx.saved_tensors
            ]
            learned = [p.view_as(p) for p in plan.learned] if differentiable else plan.learned
        leaves = [*arguments, *learned]
        asked = [i for i, (node, _) in enumerate(ctx.next_functions) if _will_run(node)]
        sums: list[Tensor | None] = [None] * len(leaves)
        chunks = plan.chunks(arguments, learned, graphs=True)
        for _ in plan.moments:
            adding = LinearAddsToGrad(plan.learned if at_once else ())
            with adding if adding.weights else nullcontext():
                values = next(chunks)
            pairs = [
                (value, gradient)
                for value, gradient in zip(values, gradients, strict=True)
                if gradient is not None and value.requires_grad
            ]
            del values
            if not pairs:
                continue
            outputs, seeds = zip(*pairs, strict=True)
            if at_once:
                torch.autograd.backward(outputs, seeds)
                continue
            found = torch.autograd.grad(
                outputs,
                [leaves[i] for i in asked],
                seeds,
                allow_unused=True,
                create_graph=differentiable,
            )
            for i, each in zip(asked, found, strict=True):
                before = sums[i]
                sums[i] = each if before is None else before if each is None else before + each
        if at_once:
            sums = [t.grad for t in arguments] + [None] * len(plan.learned)
        return None, *sums


def _accumulates_at_once(model: nn.Module, learned: Sequence[Tensor]) -> bool:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return False
    hidden = any(
        isinstance(value, Tensor) and value.requires_grad
        for module in model.modules()
        for value in vars(module).values()
    )
    return not hidden and all(p.is_leaf and not _hooked(p) for p in learned)


def _hooked(parameter: Tensor) -> bool:
    return bool(parameter._backward_hooks or parameter._post_accumulate_grad_hooks)


def _will_run(node: Any) -> bool:
    """Whether the backward under way asks for what this node would get."""
    known: Callable[[Any], bool] | None = getattr(torch._C, "_will_engine_execute_node", None)
    return node is not None and (known is None or known(node))


def _named(model: nn.Module) -> dict[str, Tensor]:
    return {
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }


def _summed(parts: Iterable[Values]) -> Values:
    result: Values | None = None
    for values in parts:
        result = (
            values if result is None else tuple(a + b for a, b in zip(result, values, strict=True))
        )
    if result is None:
        raise ValueError("no samples to sum over")
    return result
