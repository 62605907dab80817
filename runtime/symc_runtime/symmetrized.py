"""The module that symc compiles to: f(x) = E over g ~ p(g | x) of rho_out(g) base(rho_in(g)^-1 x).

Kim et al., Learning Probabilistic Symmetrization for Architecture Agnostic Equivariance, NeurIPS
2023, equation 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, ClassVar

import torch
from torch import nn

from symc_runtime.actions.axes import keep_valid
from symc_runtime.call.base_arguments import counts_taken
from symc_runtime.call.binding import bound, refuse_clash, unknown_name, with_names
from symc_runtime.call.chunking import sum_over_chunks
from symc_runtime.call.gradients import Rest, with_gradients
from symc_runtime.call.sampling import check_noise, check_samples, distribution, draw
from symc_runtime.call.shapes import ShapeError, check_counts, check_inputs, check_labels
from symc_runtime.call.tracing import refuse_torchscript, refuse_torchscript_trace
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.signs import Signs
from symc_runtime.methods.method import numbers_of_samples
from symc_runtime.spec.draws import Draw, always_draws, counted, elements_of_designs
from symc_runtime.spec.layout import Gradient, Group, Natural, Tensor, Trivial, shape_of, slots
from symc_runtime.spec.polynomials import names
from symc_runtime.spread.measuring import pair_noise, spread_of
from symc_runtime.spread.record import Spread

Outputs = torch.Tensor | tuple[torch.Tensor, ...]


class Symmetrized(nn.Module):
    """A base model, symmetrized. Subclasses declare the spec and say how one sample is made.

    Call it with the inputs of the spec, in order or by name, each [batch, *axes]; it returns the
    outputs, a tensor or a tuple in the order of the spec, each [batch, *axes].

    Attributes:
        base: the model inside; it sees K * batch rows in canonical poses.
        samples: K in training mode, times what other stages enumerate: an int from 1. Of a module
            without a stage that draws whatever the sizes are it is None: every stage takes all the
            elements that it has, where they are few enough. Where no stage draws samples it is 1,
            or how many elements a design has, and cannot be set. A number draws so many instead,
            None goes back to all.
        eval_samples: the same in eval mode.
        chunk: how many of the K samples run at a time; None: all. Bounds memory.
        trusted: names of the groups handled `by base`, which has them already.
    """

    title: ClassVar[str] = ""
    groups: tuple[Group, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    draws: tuple[Draw, ...] = ()
    trusted: tuple[str, ...] = ()
    ragged: Mapping[str, int] = {}
    fixed: Mapping[str, int] = {}

    def __init__(
        self,
        base: nn.Module,
        *,
        samples: int | None = None,
        eval_samples: int | None = None,
        chunk: int | None = None,
    ) -> None:
        super().__init__()
        self.base = base
        self._takes_samples = any(entry.samples for entry in self.draws)
        self._by_design = elements_of_designs(self.draws, self.groups, self.fixed)
        # In training and in eval mode.
        self._always_draws = tuple(
            [always_draws(self.draws, self.groups, self.fixed, mode) for mode in (True, False)]
        )
        self._samples: Any = None
        self._eval_samples: Any = None
        # What stages with too many elements draw where no number is set.
        self._unset = numbers_of_samples(samples, eval_samples)
        if self._always_draws[0]:
            samples = self._unset[0]
        if self._always_draws[1]:
            eval_samples = self._unset[1]
        if samples is not None:
            self.samples = samples
        if eval_samples is not None:
            self.eval_samples = eval_samples
        self.chunk = chunk

    @property
    def samples(self) -> Any:
        """K in training mode; see the class."""
        return self._samples if self._takes_samples else self._by_design

    @samples.setter
    def samples(self, value: Any) -> None:
        self._refuse_where_nothing_draws("samples", value)
        self._samples = value

    @property
    def eval_samples(self) -> Any:
        """K in eval mode; see the class."""
        return self._eval_samples if self._takes_samples else self._by_design

    @eval_samples.setter
    def eval_samples(self, value: Any) -> None:
        self._refuse_where_nothing_draws("eval_samples", value)
        self._eval_samples = value

    @property
    def noise_scale(self) -> dict[str, float]:
        """How loud the noise of each `probabilistic` stage is beside what its net has learned.

        At first what the spec says. To be set to one number for all stages, or to a number by the
        name of a stage: at 1 nets of sets and clouds start near the uniform distribution, towards 0
        they choose one element each. Like `samples` it is no part of the state_dict.
        """
        return {key: stage.noise_scale for key, stage in self._scaling().items()}

    @noise_scale.setter
    def noise_scale(self, value: Any) -> None:
        stages = self._scaling()
        given = value if isinstance(value, Mapping) else dict.fromkeys(stages, value)
        if not stages:
            raise ValueError(
                "noise_scale: no stage of this model is `probabilistic` with a net that hears noise"
            )
        for key, scale in given.items():
            if key not in stages:
                known = ", ".join(f"`{name}`" for name in stages)
                raise ValueError(f"noise_scale: no stage `{key}` hears noise; there is {known}")
            if (
                isinstance(scale, bool)
                or not isinstance(scale, (int, float))
                or not 0 < scale < inf
            ):
                raise ValueError(f"noise_scale: a number above 0, not {scale!r}")
        for key, scale in given.items():
            stages[key].noise_scale = float(scale)

    def _scaling(self) -> dict[str, Distribution]:
        stages = {entry.key: distribution(getattr(self, entry.attribute)) for entry in self.draws}
        return {key: stage for key, stage in stages.items() if stage.scales_noise}

    @property
    def derivations(self) -> dict[str, Gradient]:
        """What derives the outputs that the base does not return, by their names."""
        return {t.name: t.gradient for t in self.outputs if t.gradient is not None}

    def draw_so_many(self, samples: int, eval_samples: int | None = None) -> None:
        """So many samples, in eval mode as many by default, of what draws; what enumerates stays.

        For tests of any model: unlike setting `samples`, it leaves exact stages exact.
        """
        eval_samples = samples if eval_samples is None else eval_samples
        self._unset = (samples, eval_samples)
        self._samples = None if self._samples is None else samples
        self._eval_samples = None if self._eval_samples is None else eval_samples

    def _refuse_where_nothing_draws(self, name: str, value: Any) -> None:
        if self._takes_samples or value is None:
            return
        if check_samples(name, value) != self._by_design:
            if self._by_design > 1:
                raise ValueError(
                    f"{name}: K is {self._by_design}, the elements of a design that the spec asks "
                    f"for by `degree=`, and no other number; for {value} random elements it says "
                    f"`by average({name}={value})`"
                )
            raise ValueError(
                f"{name}: every stage of this model takes one element an input, so K is 1, not "
                f"{value}; for more samples a spec says `by probabilistic({name}={value})`"
            )

    def _number_of_samples(self) -> tuple[int, bool]:
        """How many samples a call draws, and whether stages enumerate beside them."""
        if not self._takes_samples:
            return 1, False
        name = "samples" if self.training else "eval_samples"
        value = getattr(self, name)
        always = self._always_draws[not self.training]
        if value is not None or always:
            return check_samples(name, value), always
        return self._unset[not self.training], True

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "inputs" not in vars(cls):
            return
        sizes = _size_names(cls.inputs + cls.outputs)
        for method in ("forward", "draw_noise", "spread"):
            if method not in vars(cls):
                setattr(cls, method, with_names(getattr(cls, method), cls.inputs, sizes))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "base":
            self.base_counts = counts_taken(value, self.ragged, self.inputs)

    def symmetrize(
        self, *tensors: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, ...], tuple[Any, ...]]:
        """One pass: inputs [B, ...], counts [B] and noise [K, B, ...] to samples [K*B, ...].

        Takes the inputs, the counts of the ragged sizes and the noise of the drawing stages,
        each in the order of the spec; returns the outputs of every sample, moved back by its
        element, and the elements of the drawing stages.
        """
        raise TypeError(f"{type(self).__name__} does not say how it symmetrizes")

    def draw_noise(
        self,
        /,
        *inputs: torch.Tensor,
        generator: torch.Generator | None = None,
        sizes: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> dict[str, torch.Tensor]:
        """All randomness of one call: a tensor [K, batch, ...] for each stage that draws.

        Batch, sizes, device and dtype are read off the inputs; K is `samples` in training and
        `eval_samples` in eval mode, times the elements of stages that enumerate beside them. Takes
        inputs and sizes as a call does.
        """
        inputs, counts = bound(self.inputs, inputs, named, self.ragged)
        _, solved, _ = self._checked(inputs, sizes, counts)
        return self._drawn(inputs, solved, generator)

    def forward(
        self,
        /,
        *inputs: torch.Tensor,
        noise: Mapping[str, torch.Tensor] | None = None,
        return_samples: bool = False,
        return_penalty: bool = False,
        sizes: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Any:
        """The symmetrized model on inputs [batch, *axes].

        Args:
            inputs: in the order of the spec; or by name, `model(pos=x, vel=v)`.
            noise: what `draw_noise` gave; drawn here if None. The rest is deterministic.
            return_samples: return (samples, weights) instead of their mean: each output
                [K, batch, *axes], weights [K, batch] that sum to 1 over K.
            return_penalty: add the regularizer of the learned distributions, a number.
            sizes: counts of ragged sizes, or values of sizes that no tensor determines, by name.
            named: inputs by name, and sizes as keywords, `n=counts`, integers [batch]. An input or
                a size whose name is an argument here, or `self`, is none: `sizes` takes any name.

        Raises:
            ShapeError: a tensor does not fit the spec.
            TypeError: a wrong dtype, what is no tensor, an input that is missing or given twice, a
                name that is none of the spec's.
            ValueError: `samples` or `eval_samples` is below 1.
        """
        refuse_torchscript_trace()
        inputs, counts = bound(self.inputs, inputs, named, self.ragged)
        if noise is not None and not isinstance(noise, Mapping):
            refuse_clash("noise", noise, _size_names(self.inputs + self.outputs))
        tensors, solved, valid = self._checked(inputs, sizes, counts)
        if noise is None:
            drawn = list(self._drawn(inputs, solved, None).values())
        else:
            shapes = {
                entry.key: distribution(getattr(self, entry.attribute)).noise_shape(solved)
                for entry in self.draws
            }
            drawn = check_noise(self.draws, noise, inputs[0].shape[0], shapes)
        total = drawn[0].shape[0] if drawn else 1
        grid = (total, inputs[0].shape[0])
        answer: list[Any]
        if return_samples:
            outputs, weights, penalty = self._samples_of(
                tensors, valid, drawn, grid, return_penalty
            )
            answer = [_unpacked(outputs), weights]
        elif self.chunk is None or self.chunk >= total:
            outputs, penalty = self._mean(tensors, valid, drawn, grid, return_penalty)
            answer = [_unpacked(outputs)]
        else:
            outputs, penalty = self._chunked(
                tensors, valid, drawn, total, self.chunk, return_penalty
            )
            answer = [_unpacked(outputs)]
        if return_penalty:
            answer.append(penalty)
        return answer[0] if len(answer) == 1 else tuple(answer)

    def spread(
        self,
        /,
        *inputs: torch.Tensor,
        samples: int = 50,
        generator: torch.Generator | None = None,
        noise: Mapping[str, torch.Tensor] | None = None,
        sizes: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> dict[str, Spread]:
        """How concentrated p(g | x) of each stage is, for inputs [batch, *axes], by its group.

        For permutations, finite groups and sign flips the probability that two draws show the base
        the same input: 1 is one pose, and the same structure in another order of equal items is
        the same. For rotations and reflections (of E(d), SE(d) too) the share of the uniform
        spread: 0 is one pose, 1 as spread as uniform. See `Spread`. Translations and groups `by
        base` have none.

        A stage is measured as the pipeline has it: on inputs that the stages before it have posed,
        by the same draws for both, and as a mean over up to 8 of these. The mode, training or
        eval, is that of the module, which is left as it is; there are no gradients, and the base is
        not run. `average`, and in eval mode `probabilistic` on small finite groups, whose elements
        can all be taken, are exact; of others all pairs of `samples` draws are compared.

        Args:
            inputs: as a call takes them, by name too.
            samples: draws of each stage, at least 2.
            generator: of the draws.
            noise: in the place of both: independent draws of each stage, [samples, batch, ...].
            sizes: as a call takes them.
            named: inputs by name, and sizes as keywords, `n=counts`.

        Raises:
            ShapeError, TypeError: as a call does. ValueError: `samples` is below 2.
        """
        inputs, counts = bound(self.inputs, inputs, named, self.ragged)
        tensors, solved, valid = self._checked(inputs, sizes, counts)
        drawn = pair_noise(
            self.draws,
            {entry.key: distribution(getattr(self, entry.attribute)) for entry in self.draws},
            samples=samples,
            noise=noise,
            batch=inputs[0].shape[0],
            sizes=solved,
            dtype=self._noise_dtype(inputs),
            device=inputs[0].device,
            generator=generator,
        )
        return spread_of(self, tensors, dict(zip(self.ragged, valid, strict=True)), solved, drawn)

    def __prepare_scriptable__(self) -> None:
        refuse_torchscript()

    def taken_counts(self, counts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Those counts that the base's forward names, for the base alone."""
        return {name: counts[name].clone() for name in self.base_counts}

    def extra_repr(self) -> str:
        """The symmetry and K."""
        groups = " x ".join(str(group) for group in self.groups)
        numbers = (self.samples, self.eval_samples)
        return f"{groups}; {counted(self.draws, self.groups, self.fixed, *numbers, self._unset)}"

    def _checked(
        self, inputs: tuple[Any, ...], sizes: Mapping[str, Any] | None, counts: Mapping[str, Any]
    ) -> tuple[list[torch.Tensor], dict[str, int], list[torch.Tensor]]:
        if sizes is not None and not isinstance(sizes, Mapping):
            refuse_clash("sizes", sizes, _size_names(self.inputs + self.outputs))
        given = _given(sizes, counts) if sizes is not None else counts
        known = dict(self.fixed)
        names = _size_names(self.inputs + self.outputs) if given else set()
        for name, value in given.items():
            if name in self.ragged:
                continue
            if name not in names:
                raise TypeError(unknown_name(name, self.inputs, names))
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(
                    f"size `{name}` is not ragged: expected an int, got {type(value).__name__}; "
                    f"counts an example want `size {name} <= BOUND` in the spec"
                )
            if known.get(name, value) != value:
                raise ShapeError(f"size `{name}`: expected {known[name]}, got {value}")
            known[name] = value
        solved = check_inputs(self.inputs, inputs, known, self.ragged)
        batch = inputs[0].shape[0]
        valid = {
            name: check_counts(name, given.get(name), batch, solved[name], bound).to(
                inputs[0].device
            )
            for name, bound in self.ragged.items()
        }
        tensors = []
        for declared, value in zip(self.inputs, inputs, strict=True):
            value = _unpadded(declared, value, valid)
            if declared.whole:
                check_labels(declared, value, solved, valid)
            tensors.append(value)
        return tensors, solved, list(valid.values())

    def _drawn(
        self,
        inputs: tuple[torch.Tensor, ...],
        sizes: Mapping[str, int],
        generator: torch.Generator | None,
    ) -> dict[str, torch.Tensor]:
        stages = {entry.key: getattr(self, entry.attribute) for entry in self.draws}
        samples, every = self._number_of_samples()
        return draw(
            self.draws,
            stages,
            samples=samples,
            every=every,
            training=self.training,
            batch=inputs[0].shape[0],
            sizes=sizes,
            dtype=self._noise_dtype(inputs),
            device=inputs[0].device,
            generator=generator,
        )

    def _noise_dtype(self, inputs: tuple[torch.Tensor, ...]) -> torch.dtype:
        floating = [x.dtype for x in inputs if x.is_floating_point()]
        if not floating:
            floating = [p.dtype for p in self.parameters() if p.is_floating_point()]
        dtype = floating[0] if floating else torch.get_default_dtype()
        # Ties are broken by noise, which half precision rounds away.
        return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype

    def _pass(
        self,
        tensors: list[torch.Tensor],
        valid: list[torch.Tensor],
        noise: list[torch.Tensor],
        penalized: bool,
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None, torch.Tensor | None]:
        """Outputs of every sample, how many even shares each counts for, and the penalty."""
        outputs, elements = self.symmetrize(*tensors, *valid, *noise)
        shares: torch.Tensor | None = None
        for element in elements:
            if isinstance(element, (Finite, Signs, Orthogonal)) and element.share is not None:
                shares = element.share if shares is None else shares * element.share
        if not penalized:
            return outputs, shares, None
        penalty = outputs[0].new_zeros((), dtype=_summing(outputs[0].real.dtype))
        for entry, element in zip(self.draws, elements, strict=True):
            stage = self.get_submodule(entry.attribute)
            if isinstance(stage, Distribution):
                each = stage.penalty(element)
                if each is not None:
                    each = _weighted(each, shares)
                    penalty = penalty + entry.entropy * each.mean().to(penalty.dtype)
        return outputs, shares, penalty

    def _derived(
        self,
        evaluate: Callable[..., tuple[tuple[torch.Tensor, ...], Rest]],
        tensors: Sequence[torch.Tensor],
        valid: Sequence[torch.Tensor],
        noise: Sequence[torch.Tensor],
        samples: bool = False,
    ) -> tuple[tuple[torch.Tensor, ...], Rest]:
        """What `evaluate(tensors, valid, noise)` gives, with the outputs that are derived."""
        first, second = len(tensors), len(tensors) + len(valid)

        def apart(every: list[torch.Tensor]) -> tuple[tuple[torch.Tensor, ...], Rest]:
            return evaluate(every[:first], every[first:second], every[second:])

        arguments = [*tensors, *valid, *noise]
        outputs, rest = with_gradients(apart, arguments, self.inputs, self.outputs, samples)
        if not valid:
            return outputs, rest
        counts = dict(zip(self.ragged, valid, strict=True))
        pairs = zip(self.outputs, outputs, strict=True)
        return tuple(
            y if tensor.gradient is None else _unpadded(tensor, y, counts, int(samples))
            for tensor, y in pairs
        ), rest

    def _mean(
        self,
        tensors: list[torch.Tensor],
        valid: list[torch.Tensor],
        noise: list[torch.Tensor],
        grid: tuple[int, int],
        penalized: bool,
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None]:
        """The mean over all samples of the `grid`, K times batch."""

        def evaluate(
            mine: list[torch.Tensor], counts: list[torch.Tensor], drawn: list[torch.Tensor]
        ) -> tuple[tuple[torch.Tensor, ...], Rest]:
            outputs, shares, penalty = self._pass(mine, counts, drawn, penalized)
            if grid[0] > 1:
                every = [_weighted(y, shares) for y in outputs]
                outputs = tuple([y.unflatten(0, grid).mean(0) for y in every])
            return outputs, (penalty,)

        outputs, (penalty,) = self._derived(evaluate, tensors, valid, noise)
        return outputs, penalty

    def _samples_of(
        self,
        tensors: list[torch.Tensor],
        valid: list[torch.Tensor],
        noise: list[torch.Tensor],
        grid: tuple[int, int],
        penalized: bool,
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None, torch.Tensor | None]:
        """Every output [K, batch, ...] and the weights [K, batch]."""

        def evaluate(
            mine: list[torch.Tensor], counts: list[torch.Tensor], drawn: list[torch.Tensor]
        ) -> tuple[tuple[torch.Tensor, ...], Rest]:
            outputs, shares, penalty = self._pass(mine, counts, drawn, penalized)
            rows = tuple([y.unflatten(0, grid) for y in outputs])
            weights = torch.full(grid, 1 / grid[0], dtype=rows[0].dtype, device=rows[0].device)
            if shares is not None:
                weights = shares.to(weights.dtype).unflatten(0, grid) / grid[0]
            return rows, (weights, penalty)

        outputs, (weights, penalty) = self._derived(evaluate, tensors, valid, noise, samples=True)
        return outputs, weights, penalty

    def _chunked(
        self,
        tensors: list[torch.Tensor],
        valid: list[torch.Tensor],
        noise: list[torch.Tensor],
        total: int,
        chunk: int,
        penalized: bool,
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """The mean over chunks of the K samples; in training each chunk is computed twice."""

        def part(
            shared: Sequence[torch.Tensor], pieces: Sequence[torch.Tensor]
        ) -> tuple[torch.Tensor, ...]:
            mine, counts = list(shared[: len(tensors)]), list(shared[len(tensors) :])
            count = pieces[0].shape[0]

            def evaluate(
                mine: list[torch.Tensor], counts: list[torch.Tensor], drawn: list[torch.Tensor]
            ) -> tuple[tuple[torch.Tensor, ...], Rest]:
                outputs, shares, penalty = self._pass(mine, counts, drawn, penalized)
                every = [_weighted(y, shares) for y in outputs]
                sums = tuple(
                    y.unflatten(0, (count, -1)).sum(0, dtype=_summing(y.dtype)) / total
                    for y in every
                )
                share = outputs[0].new_zeros(()) if penalty is None else penalty * (count / total)
                # Without numbers: they tell the dtypes.
                return sums, (share, *(y.new_empty(0) for y in outputs))

            sums, rest = self._derived(evaluate, mine, counts, list(pieces))
            share, *told = [each for each in rest if each is not None]
            dtypes = iter(told)
            return (
                *(y.to(_summing(y.dtype)) for y in sums),
                share,
                *(
                    next(dtypes) if tensor.gradient is None else y.new_empty(0)
                    for tensor, y in zip(self.outputs, sums, strict=True)
                ),
            )

        values = sum_over_chunks(self, part, [*tensors, *valid], noise, chunk)
        found = len(self.outputs)
        sums, told = values[:found], values[found + 1 :]
        return tuple(y.to(each.dtype) for y, each in zip(sums, told, strict=True)), values[found]


def _weighted(y: torch.Tensor, shares: torch.Tensor | None) -> torch.Tensor:
    """Outputs [K*B, ...], each as often as it counts."""
    if shares is None:
        return y
    return y * shares.to(y.dtype).reshape(-1, *[1] * (y.ndim - 1))


def _unpadded(
    tensor: Tensor, value: torch.Tensor, valid: Mapping[str, torch.Tensor], samples: int = 0
) -> torch.Tensor:
    """A tensor [*samples, batch, *axes] with zeros for padding; so many axes of samples."""
    for dim, _, axis in slots(tensor):
        if isinstance(axis, (Natural, Trivial)) and axis.size in valid:
            counts = valid[str(axis.size)]
            flat = value.flatten(0, 1) if samples else value
            value = keep_valid(flat, counts, dim).reshape(value.shape)
    return value


def _summing(dtype: torch.dtype) -> torch.dtype:
    """In what numbers of a dtype are summed, as `mean` does it: half precision would overflow."""
    return torch.promote_types(dtype, torch.float32)


def _given(sizes: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    """What a call says of sizes, by name, each once."""
    if not isinstance(sizes, Mapping):
        raise TypeError(f"sizes: expected values by name, got {type(sizes).__name__}")
    for name in sizes:
        if name not in counts:
            continue
        one, other = sizes[name], counts[name]
        if one is not other and not (isinstance(one, int) and isinstance(other, int)):
            raise TypeError(f"`{name}` is given twice: as `{name}=` and in `sizes`")
        if isinstance(one, int) and one != other:
            raise ShapeError(f"size `{name}`: {one} in `sizes`, but `{name}={other}`")
    return {**sizes, **counts}


def _size_names(tensors: tuple[Tensor, ...]) -> set[str]:
    found: set[str] = set()
    for tensor in tensors:
        for size in shape_of(tensor):
            found |= names(size)
    return found


def _unpacked(values: Sequence[torch.Tensor]) -> Outputs:
    return values[0] if len(values) == 1 else tuple(values)
