"""The list of planted defects.

Each replaces a short text that stands once in its file. `tests` are the test files that should
notice, asked in this order; none means all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

RUNTIME = "runtime/symc_runtime"
EQUIVARIANCE = ("test_equivariance.py", "test_conformance.py")
DISTRIBUTIONS = ("test_distributions.py", "test_laws.py", "test_conformance.py")
SCALES = ("test_scales.py",)
WREATH = ("test_wreath.py",)
MEANING = ("test_contract_meaning.py", "test_equivariance.py", "test_mutant_laws.py")


@dataclass(frozen=True)
class Defect:
    """What is broken, in `file`: the text `old`, found once, becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = EQUIVARIANCE


DEFECTS = [
    # Actions
    Defect(
        "inverse rotation of inputs dropped",
        f"{RUNTIME}/actions/axes.py",
        "return matrix_product(x, element.matrix, dim)",
        "return x",
    ),
    Defect(
        "inverse permutation of inputs dropped",
        f"{RUNTIME}/actions/axes.py",
        "return gathered(x, element.order, dim)",
        "return fold_like(x, element.order)",
    ),
    Defect(
        "output rotation transposed",
        f"{RUNTIME}/actions/axes.py",
        "return matrix_product(x, element.matrix.transpose(1, 2), dim)",
        "return matrix_product(x, element.matrix, dim)",
    ),
    Defect(
        "output rotation dropped",
        f"{RUNTIME}/actions/axes.py",
        "return matrix_product(x, element.matrix.transpose(1, 2), dim)",
        "return fold_like(x, element.matrix)",
    ),
    Defect(
        "output permutation inverted",
        f"{RUNTIME}/actions/axes.py",
        "return gathered(x, inverse_index(element.order), dim)",
        "return gathered(x, element.order, dim)",
    ),
    Defect(
        "output permutation dropped",
        f"{RUNTIME}/actions/axes.py",
        "return gathered(x, inverse_index(element.order), dim)",
        "return fold_like(x, element.order)",
    ),
    Defect(
        "determinant left out of pseudovectors",
        f"{RUNTIME}/actions/axes.py",
        "    x = fold_like(x, factor)\n",
        "    x = fold_like(x, factor)\n    factor = factor.abs()\n",
    ),
    Defect(
        "samples interleaved with examples",
        f"{RUNTIME}/actions/axes.py",
        "return x.unsqueeze(0).expand(samples, *x.shape).flatten(0, 1)",
        "return x.repeat_interleave(samples, 0)",
        ("test_distributions.py", "test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "one input left without action",
        "symc/lower/graph.py",
        "moved = self._moved(x, wanted, tensor, plan.group, inverse=True)",
        "moved = x if tensor is not self.plan.inputs[0] "
        "else self._moved(x, wanted, tensor, plan.group, inverse=True)",
    ),
    Defect(
        "translation not restored on outputs",
        "symc/lower/graph.py",
        "                if group.name in self.centers and any(\n",
        "                if not self.plan.groups and any(\n",
    ),
    Defect(
        "what rounding left of a centre kept",
        f"{RUNTIME}/actions/axes.py",
        "    return Center(mean, rest)",
        "    return Center(mean, 0 * rest)",
        SCALES,
    ),
    Defect(
        "items that rounding tells apart weigh apart",
        f"{RUNTIME}/modules/telling_apart.py",
        "told = gain * real",
        "told = gain",
        SCALES,
    ),
    Defect(
        "sizes of what cancels hang on the square root of rounding",
        f"{RUNTIME}/modules/telling_apart.py",
        "+ 1e-30 * ENLARGED)).square()",
        "+ 1e-30 * ENLARGED))",
        SCALES,
    ),
    Defect(
        "differences of items count for as much as what they are differences of",
        f"{RUNTIME}/modules/telling_apart.py",
        "FAINT = 1e-2",
        "FAINT = 1.0",
        SCALES,
    ),
    Defect(
        "rounding is left in the sum of the weights of items",
        f"{RUNTIME}/modules/telling_apart.py",
        "        weights = weights - mean(weights)\n",
        "",
        SCALES,
    ),
    Defect(
        "a fifth of a vector is enough for a frame",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "AMPLE = 0.5",
        "AMPLE = 0.2",
        ("test_laws.py",),
    ),
    Defect(
        "points not centred on the way in",
        f"{RUNTIME}/actions/axes.py",
        "    centered = untranslate(points, mean, dim)\n",
        "    centered = points + 0\n",
    ),
    Defect(
        "sign of a permutation counts the wrong pairs",
        f"{RUNTIME}/elements/permutation.py",
        "earlier.triu(diagonal=1)",
        "earlier.tril()",
        ("test_laws.py", "test_conformance.py"),
    ),
    Defect(
        "sign of a permutation always +1",
        f"{RUNTIME}/elements/permutation.py",
        "return 1 - 2 * (",
        "return 1 - 0 * (",
        ("test_laws.py", "test_conformance.py"),
    ),
    # Elements and their laws
    Defect(
        "determinant not fixed in SO(d)",
        f"{RUNTIME}/distributions/orthogonal_average.py",
        "special = self.own.special",
        "special = False",
        DISTRIBUTIONS,
    ),
    Defect(
        "Gram-Schmidt once, not twice",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "        residual = _without(residual, row)\n    return",
        "        residual = residual + 0 * row\n    return",
        DISTRIBUTIONS,
    ),
    Defect(
        "noise of rotations not isotropic",
        f"{RUNTIME}/distributions/orthogonal_average.py",
        "return normal(shape, dtype, device, generator)",
        "return torch.rand(shape, dtype=dtype, device=device, generator=generator) - 0.5",
        DISTRIBUTIONS,
    ),
    Defect(
        "noise of permutations not alike for all items",
        f"{RUNTIME}/distributions/permutation_average.py",
        "return normal(shape, dtype, device, generator)",
        "z = normal(shape, dtype, device, generator)\n"
        "        return z * torch.linspace(0.8, 1.2, shape[2], dtype=dtype).unsqueeze(-1)",
        DISTRIBUTIONS,
    ),
    Defect(
        "axes of a frame without their signs",
        f"{RUNTIME}/distributions/principal_frame.py",
        "signs=noise[:, -1]",
        "signs=torch.ones_like(noise[:, -1])",
        DISTRIBUTIONS,
    ),
    Defect(
        "equal eigenvalues told apart by rounding",
        f"{RUNTIME}/distributions/principal_frame.py",
        "least = self.tolerance(values.dtype) * values[:, -1:]",
        "least = 10 * torch.finfo(values.dtype).eps * values[:, -1:]",
        DISTRIBUTIONS,
    ),
    Defect(
        "Gram-Schmidt tolerance 10 eps",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "torch.threshold_(squares, tol**2, 0.0)",
        "torch.threshold_(squares, (10 * torch.finfo(squares.dtype).eps) ** 2, 0.0)",
        DISTRIBUTIONS,
    ),
    Defect(
        "Gram-Schmidt relative to the vectors' own length",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "/ _positive(scales.detach().T)",
        "/ _positive(vectors.permute(2, 1, 0).detach().square().sum(0).sqrt())",
        DISTRIBUTIONS,
    ),
    Defect(
        "residue of centring kept",
        f"{RUNTIME}/actions/axes.py",
        "found = centered * (_lengths(centered.detach(), dim) > floor)",
        "found = centered",
    ),
    Defect(
        "secondary key dropped",
        f"{RUNTIME}/numerics/sorting.py",
        "by_key = torch.argsort(secondary, dim=-1)",
        "by_key = torch.argsort(0 * secondary, dim=-1)",
        ("test_laws.py", "test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "ties decided by rounding",
        f"{RUNTIME}/numerics/sorting.py",
        "> tol * scale",
        "> 0 * scale",
        ("test_laws.py", "test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "an item and its neighbours have one weight (GIN with eps = 0)",
        f"{RUNTIME}/modules/message_layer.py",
        "own, *near = self.mixed(h).split(self.width, 1)",
        "own, *near = self.mixed(h).split(self.width, 1)\n        own = near[0] if near else own",
        ("test_features.py", "test_mutant_laws.py"),
    ),
    Defect(
        "what samples share is not invariant to earlier groups",
        f"{RUNTIME}/distributions/permutation_net.py",
        "            (*later, *earlier),\n",
        "            later,\n",
        ("test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "dropout coordinate by coordinate on vectors",
        f"{RUNTIME}/modules/vector_neurons.py",
        "        vectors = seen.vectors\n",
        "        vectors = seen.vectors\n"
        "        vectors = {\n"
        "            k: nn.functional.dropout(v, 0.1, self.training) for k, v in vectors.items()\n"
        "        }\n",
    ),
    Defect(
        "a pair and its transpose read alike",
        f"{RUNTIME}/modules/pair_channels.py",
        "torch.add(there, back.transpose(2, 3), out=found[rows])",
        "torch.add(there, there.transpose(2, 3), out=found[rows])",
        ("test_features.py", "test_mutant_laws.py"),
    ),
    Defect(
        "all tensors in one unit",
        f"{RUNTIME}/modules/vector_blocks.py",
        "x = (x / length).flatten(-2)",
        "x = (x + 0 * length).flatten(-2)",
        SCALES,
    ),
    Defect(
        "tensors of one shape in one unit",
        f"{RUNTIME}/reading/units.py",
        "others = (*range(1, x.ndim - 2), x.ndim - 1)",
        "others = tuple(range(1, x.ndim))",
        ("test_scales.py", "test_features.py"),
    ),
    Defect(
        "verify takes a leap of one sample of many for an error",
        f"{RUNTIME}/verification/law.py",
        "flips |= leaps_of(exact, exactly.rows(rows).to(precision), dtype, generator)",
        "pass",
        ("test_posed.py",),
    ),
    Defect(
        "derivatives of forward mode end at a frame",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "candidates.detach() if learns else candidates",
        "candidates.detach()",
        ("test_transforms.py",),
    ),
    Defect(
        "lengths cut off from the gradient",
        f"{RUNTIME}/reading/units.py",
        "square = (x / largest).square()",
        "square = (x.detach() / largest).square()",
        ("test_gradients.py",),
    ),
    Defect(
        "principal axes without a gradient",
        f"{RUNTIME}/distributions/principal_frame.py",
        "rows = piece.to(like.dtype)",
        "rows = piece.detach().to(like.dtype)",
        ("test_gradients.py",),
    ),
    Defect(
        "nets see where the points of a group by base are",
        "symc/lower/plan.py",
        "return named[0] if named else next(moved, None)",
        "return named[0] if named else None",
        ("test_equivariance.py",),
    ),
    Defect(
        "rows of few channels nearly alike",
        f"{RUNTIME}/modules/mixing.py",
        "WAVES = ((43_003, 100_003), (27_061, 100_019), (12_739, 100_043), (1_597, 100_049))",
        "WAVES = ((16_001, 100_003), (4_001, 100_019), (1_001, 100_043), (251, 100_049))",
        SCALES,
    ),
    Defect(
        "vectors in reserve count in full",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "squares[preferred:].mul_(RESERVE**-2)",
        "squares[preferred:].mul_(1.0)",
        ("test_laws.py", "test_features.py"),
    ),
    Defect(
        "the longest of parallel vectors, by a digit",
        f"{RUNTIME}/numerics/orthogonalization.py",
        "NEARLY = 0.9",
        "NEARLY = 1.0",
        ("test_laws.py",),
    ),
    # Stages and noise
    Defect(
        "a net not invariant to the last of three groups",
        "symc/lower/plan.py",
        "later = [*acting[index + 1 :], *trusted]",
        "later = [*acting[index + 1 : index + 2], *trusted]",
    ),
    Defect(
        "a net not invariant to groups that the base has",
        "symc/lower/plan.py",
        "later = [*acting[index + 1 :], *trusted]",
        "later = [*acting[index + 1 :]]",
    ),
    Defect(
        "stage order swapped",
        "symc/lower/graph.py",
        "for plan in self.plan.stages:\n            self.comment",
        "for plan in reversed(self.plan.stages):\n            self.comment",
    ),
    Defect(
        "rotation drawn before the points are centred",
        "symc/lower/graph.py",
        "            if plan.stage.anchor is not None:\n"
        "                self._center(plan)\n"
        "            if plan.distribution is not None:\n"
        "                self._draw(plan)\n",
        "            if plan.distribution is not None:\n"
        "                self._draw(plan)\n"
        "            if plan.stage.anchor is not None:\n"
        "                self._center(plan)\n",
    ),
    Defect(
        "noise of a later stage moved by an earlier element",
        "symc/lower/graph.py",
        '        keywords: dict[str, Any] = {"counts": dict(self.counts)} if self.counts else {}\n',
        '        keywords: dict[str, Any] = {"counts": dict(self.counts)} if self.counts else {}\n'
        "        for other in self.plan.stages[: self.plan.stages.index(plan)]:\n"
        "            alike = (other.group.permutes, other.group.turns, other.group.parameter)\n"
        "            if alike == (plan.group.permutes, plan.group.turns, plan.group.parameter):\n"
        "                permutes = plan.group.permutes\n"
        "                move = actions.unpermute if permutes else actions.unrotate\n"
        "                element = self.elements[other.group.name]\n"
        "                dim = 1 if permutes else 2\n"
        "                noise = self._call('turned', move, noise, element, dim)\n",
        MEANING,
    ),
    Defect(
        "noise drawn apart for the elements of an enumerating stage",
        f"{RUNTIME}/call/sampling.py",
        "        noise[entry.key] = each.reshape(",
        "        if entry.key not in counts:\n"
        "            total = repeats\n"
        "            for elements in counts.values():\n"
        "                total *= elements\n"
        "            noise[entry.key] = stage.draw(total, batch, sizes, dtype, device, generator)\n"
        "            continue\n"
        "        noise[entry.key] = each.reshape(",
        MEANING,
    ),
    Defect(
        "vectors drawn apart for the signs of a frame",
        f"{RUNTIME}/distributions/principal_frame.py",
        "vectors = normal((1, batch, d + SPARE, d), dtype, device, generator)",
        "vectors = normal((len(patterns), batch, d + SPARE, d), dtype, device, generator)",
        ("test_distributions.py", "test_mutant_laws.py"),
    ),
    # Gradients
    Defect(
        "soft permutation used in the forward",
        f"{RUNTIME}/actions/axes.py",
        "return _straight_through(x, element.order, element.soft, dim, False)",
        "from symc_runtime.numerics.sinkhorn import soft_matrix\n\n"
        "        items = gathered(x, element.order, dim).movedim(dim, 1)\n"
        "        mixed = soft_matrix(element.soft).to(x.dtype) @ items.flatten(2)"
        " if items.ndim > 2 else (\n"
        "            soft_matrix(element.soft).to(x.dtype) @ items.unsqueeze(-1)).squeeze(-1)\n"
        "        return mixed.reshape(items.shape).movedim(1, dim)",
        ("test_straight_through.py", "test_conformance.py"),
    ),
    Defect(
        "straight-through gradient transposed",
        f"{RUNTIME}/actions/axes.py",
        "to_path = _flat(rows, dim) @ _flat(columns, dim).transpose(1, 2)",
        "to_path = _flat(columns, dim) @ _flat(rows, dim).transpose(1, 2)",
        ("test_straight_through.py",),
    ),
    Defect(
        "gradient of an input permuted the wrong way",
        f"{RUNTIME}/actions/axes.py",
        "to_x = gathered(gradient, order if ctx.inverse else inverse_index(order), dim)",
        "to_x = gathered(gradient, inverse_index(order) if ctx.inverse else order, dim)",
        ("test_straight_through.py",),
    ),
    Defect(
        "gradients through the eigenvectors of equal eigenvalues",
        f"{RUNTIME}/distributions/principal_frame.py",
        "given = vectors.detach()",
        "given = vectors",
    ),
    # Padding
    Defect(
        "padding sorts first",
        f"{RUNTIME}/numerics/sorting.py",
        "clusters = None if valid is None else (~valid).long()",
        "clusters = None if valid is None else valid.long()",
        ("test_laws.py", "test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "padding moves into valid places on average",
        f"{RUNTIME}/distributions/permutation_average.py",
        "keys = torch.where(padding, last, keys)",
        "keys = torch.where(padding, keys, keys)",
        ("test_contract_meaning.py", "test_conformance.py"),
    ),
    Defect(
        "padding not cleared at entry",
        f"{RUNTIME}/symmetrized.py",
        "value = _unpadded(declared, value, valid)",
        "value = value + 0",
        ("test_contract_meaning.py", "test_conformance.py"),
    ),
    Defect(
        "mask after the translation dropped",
        "symc/lower/graph.py",
        "return self._masked(moved, wanted, tensor) if inverse and moved is not x else moved",
        "return moved",
        MEANING,
    ),
    Defect(
        "mask of outputs dropped",
        "symc/lower/graph.py",
        "outputs[tensor.name] = self._masked(outputs[tensor.name], tensor.name, tensor)",
        "outputs[tensor.name] = outputs[tensor.name]",
        ("test_contract_meaning.py", "test_conformance.py"),
    ),
    Defect(
        "padding counts in the centre",
        f"{RUNTIME}/actions/axes.py",
        "items = items * counts[axis].to(total.dtype).unsqueeze(-1)",
        "items = items * points.shape[axis]",
    ),
    Defect(
        "padding counts in means of features",
        f"{RUNTIME}/modules/mixing.py",
        "return (x * weight).sum(dim) / weight.sum(dim).clamp(min=1)",
        "return x.mean(dim)",
        MEANING,
    ),
    Defect(
        "items attend to padding",
        f"{RUNTIME}/modules/attention.py",
        "weights = weights.masked_fill(~valid[:, None, None, :], -1e9)",
        "weights = weights + 0",
        ("test_mutant_laws.py",),
    ),
    # What differences are measured by
    Defect(
        "scale of a sorting frame: the largest component, which the pose changes",
        f"{RUNTIME}/reading/invariants.py",
        "longest = x.square().sum(contracted).sqrt() if contracted else x.abs()",
        "longest = x.abs()",
        SCALES,
    ),
    Defect(
        "scale of centred points: padding counts",
        f"{RUNTIME}/reading/readings.py",
        "x = keep_valid(x, counts[item.size], dim)",
        "x = x.clone()",
        SCALES,
    ),
    Defect(
        "scale of matrices: what is left of a sum that cancelled",
        f"{RUNTIME}/reading/units.py",
        "level_mean(norms, level, masks)",
        "level_mean(x, level, masks).square().sum((-1, -2)).sqrt()",
        SCALES,
    ),
    Defect(
        "products of vectors of any size",
        f"{RUNTIME}/reading/features.py",
        "paired[key] = over(pair, size)",
        "paired[key] = pair",
        SCALES,
    ),
    Defect(
        "principal axes no better than those of a squared matrix",
        f"{RUNTIME}/distributions/principal_frame.py",
        "torch.baddbmm(columns, columns, turn)",
        "torch.baddbmm(columns, columns, 0 * turn)",
        SCALES,
    ),
    Defect(
        "the precision of inputs forgotten",
        f"{RUNTIME}/distributions/distribution.py",
        "return max(tolerance(dtype), tolerance(self.resolution or dtype))",
        "return tolerance(dtype)",
        SCALES,
    ),
    # The bases that come along
    Defect(
        "bias of a pair on the wrong attention",
        f"{RUNTIME}/bases/item_transformer.py",
        "unflatten(-1, (depth, -1)).permute(3, 0, 4, 1, 2)",
        "unflatten(-1, (depth, -1)).permute(3, 0, 4, 2, 1)",
        ("test_bases.py", "test_mutant_laws.py"),
    ),
    Defect(
        "angles of large indices in the precision of the weights",
        f"{RUNTIME}/modules/mixing.py",
        "(place * p % q).to(self.weight.dtype) * (2",
        "(place * p).to(self.weight.dtype) * (2",
        SCALES,
    ),
    Defect(
        "padding of plain ragged axes in the centres that nets see",
        f"{RUNTIME}/reading/readings.py",
        "                found.append((x, axis, valid))\n",
        "                valid = {i: c for i, c in valid.items() if block.axes[i - 1].group}\n"
        "                found.append((x, axis, valid))\n",
        ("test_nested.py",),
    ),
    Defect(
        "numbers that are 0 have no slope",
        f"{RUNTIME}/reading/units.py",
        "torch.where(zero, x, logarithms)",
        "logarithms",
        ("test_nested.py",),
    ),
    Defect(
        "axes behind a piece of an anchor are not counted",
        "symc/lower/graph.py",
        "                added += len(factors) - 1\n",
        "",
        ("test_nested.py",),
    ),
    Defect(
        "products of groups are read in the order in which they are written",
        f"{RUNTIME}/reading/readings.py",
        '    named = sorted([(block.axes[index].group or "", index) for index in contracted])\n',
        '    named = [(block.axes[index].group or "", index) for index in contracted]\n',
        ("test_nested.py",),
    ),
    Defect(
        "a checkpoint in the base finds other tensors than it packed",
        f"{RUNTIME}/call/weight_gradients.py",
        " or input.ndim < 2 or _is_watched():",
        " or input.ndim < 2:",
        ("test_chunk_bases.py",),
    ),
    Defect(
        "chunks of one sample share their inputs",
        f"{RUNTIME}/actions/axes.py",
        "        return fold_like(x, rows).contiguous()\n    return x.clone()",
        "        return fold_like(x, rows).contiguous()\n    return x",
        ("test_chunk_bases.py",),
    ),
    Defect(
        "chunks are summed in half precision",
        f"{RUNTIME}/symmetrized.py",
        ".sum(0, dtype=_summing(y.dtype))",
        ".sum(0)",
        ("test_chunk_bases.py",),
    ),
    Defect(
        "the first pieces of a split are taken for all of them",
        "symc/lower/emit.py",
        'node.target == "split" else taken',
        'node.target == "chunk" else taken',
        ("test_emit.py",),
    ),
    # Precision, derivatives and wrappers
    Defect(
        "posed coordinates are read each by itself",
        f"{RUNTIME}/reading/readings.py",
        "return name is not None and not (groups[name].permutes or groups[name].flips)",
        "return False",
        ("test_posed.py",),
    ),
    Defect(
        "no directions of powers of matrices in reserve",
        f"{RUNTIME}/modules/vector_neurons.py",
        "given += [(i, x @ a), (i, x @ b), (i, other)]",
        "given += [(i, 0 * x)] * 3",
        ("test_posed.py",),
    ),
    Defect(
        "directions of powers of matrices are not mapped once more",
        f"{RUNTIME}/modules/vector_neurons.py",
        "given += [(i, x @ a), (i, x @ b), (i, other)]",
        "given += [(i, x)] * 3",
        ("test_posed.py",),
    ),
    Defect(
        "what factors make of vectors is not told apart",
        f"{RUNTIME}/modules/powers.py",
        "x = x - (x * other).sum(-1, keepdim=True) * other",
        "x = x + 0 * other",
        ("test_posed.py",),
    ),
    Defect(
        "what factors make next is told by products of matrices",
        f"{RUNTIME}/modules/powers.py",
        "told = _unit_beside(mapped[-1], before, tol)",
        "told = 0 * unit",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "tensors with two axes of the group are no factors",
        f"{RUNTIME}/reading/features.py",
        "for axis in range(own)]",
        "for axis in range(own % 2)]",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "nothing in reserve of what factors make of the first vectors",
        f"{RUNTIME}/modules/vector_neurons.py",
        "given.append((0, first))",
        "given.append((0, 0 * first))",
        ("test_posed.py",),
    ),
    Defect(
        "scalars do not tell mirror images apart",
        f"{RUNTIME}/modules/telling_apart.py",
        "squashed(x) for x in known",
        "squashed(0 * x) for x in known",
        SCALES,
    ),
    Defect(
        "no vectors to spare of what differs from item to item",
        f"{RUNTIME}/modules/vector_neurons.py",
        "EXTRA_APART = 6",
        "EXTRA_APART = 0",
        SCALES,
    ),
    Defect(
        "later rows of a frame are brought towards an axis but once",
        f"{RUNTIME}/modules/along_rows.py",
        "DOUBLINGS = 5",
        "DOUBLINGS = 0",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "no vectors along the rows of a frame so far",
        f"{RUNTIME}/modules/along_rows.py",
        "rows.offer(added(sums), ",
        "rows.offer(0 * added(sums), ",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "no direction of an item before noise",
        f"{RUNTIME}/numerics/directions.py",
        "return (ranked >= least) * self.counted",
        "return 0 * self.counted",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "directions of items taken in no order",
        f"{RUNTIME}/numerics/directions.py",
        "ranked = left * self.order",
        "ranked = (left > tol**2) * 1.0",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "ties of directions left to the place of an item",
        f"{RUNTIME}/numerics/directions.py",
        "FAINTEST * (1 + keys)",
        "FAINTEST * (1 + 0 * keys)",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "no order by where items are along the rows so far",
        f"{RUNTIME}/numerics/directions.py",
        "along, value=PLACE",
        "along, value=0.0",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "no order by what lies around an item",
        f"{RUNTIME}/modules/item_directions.py",
        "(around * powers).sum(-1).log1p(), alpha=AROUND",
        "(around * powers).sum(-1).log1p(), alpha=0",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "mirror images alike to rotations",
        f"{RUNTIME}/modules/item_directions.py",
        "_volume(x, first, second).asinh(), alpha=AROUND",
        "_volume(x, first, second).asinh(), alpha=0",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "no vectors along rows that were drawn",
        f"{RUNTIME}/modules/along_rows.py",
        "rows.offer(added(sums), ",
        "rows.offer(added(sums) * rows.known.reshape(-1, 1, 1), ",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "no principal axes beside a vector that is zero",
        f"{RUNTIME}/distributions/orthogonal_net.py",
        "rest = self._axes_drawn(self.axes, rest, inputs)",
        "pass",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "ties drawn along a principal axis",
        f"{RUNTIME}/distributions/orthogonal_net.py",
        "rest, ties)",
        "rest, rest[:, 0])",
        ("test_symmetric_inputs.py",),
    ),
    Defect(
        "rows are not brought towards the axis of the cloud",
        f"{RUNTIME}/modules/along_rows.py",
        "found: torch.Tensor = given @ moments @ moments",
        "found: torch.Tensor = 0 * given",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "later rows are not brought towards what is left of the cloud",
        f"{RUNTIME}/modules/along_rows.py",
        "rows.offer(vector, SHARE * whole * size.pow(3))",
        "rows.offer(vector * (step == 0), SHARE * whole * size.pow(3))",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "lengths beside rows are not in units of their own",
        f"{RUNTIME}/modules/along_rows.py",
        "(one * other).sum(-2) / unit",
        "(one * other).sum(-2)",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "places along rows do not tell items apart",
        f"{RUNTIME}/modules/along_rows.py",
        "torch.cat([places, products], -1)",
        "torch.cat([0 * places, products], -1)",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "rows of an open dimension are left to noise",
        f"{RUNTIME}/modules/along_rows.py",
        "for step in range(d - 1):",
        "for step in range(min(self.steps, d - 1)):",
        ("test_nearly_symmetric.py",),
    ),
    Defect(
        "posed tensors are read beside the largest of all",
        f"{RUNTIME}/reading/features.py",
        "at_scales_of_whole(stacked(alike, 1), self.scales, rows=2)",
        "at_scales_of_whole(stacked(alike, 1), self.scales, rows=1)",
        ("test_features.py",),
    ),
    Defect(
        "centres of points in half precision",
        f"{RUNTIME}/actions/axes.py",
        "return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x",
        "return x",
        ("test_precision.py",),
    ),
    Defect(
        "elements act in the precision of autocast",
        f"{RUNTIME}/call/precision.py",
        "if _told_later() or torch.is_autocast_enabled(kind):",
        "if _told_later():",
        ("test_precision.py",),
    ),
    Defect(
        "weights of nets are rounded to half precision",
        f"{RUNTIME}/distributions/distribution.py",
        "moved(kept, recurse)",
        "moved(lambda x: kept(x).half().float(), recurse)",
        ("test_precision.py",),
    ),
    Defect(
        "second derivatives of a frame from one step",
        f"{RUNTIME}/distributions/principal_frame.py",
        "if vectors.requires_grad and torch.is_grad_enabled():",
        "if False:",
        ("test_transforms.py",),
    ),
    Defect(
        "exports and transforms lose the gradient of permutations",
        f"{RUNTIME}/actions/axes.py",
        "return y + blurred.reshape(y.movedim(dim, 1).shape).movedim(1, dim)",
        "return y",
        ("test_transforms.py",),
    ),
    Defect(
        "counts do not reach a base in a wrapper",
        f"{RUNTIME}/call/base_arguments.py",
        "    *wrappers, base = _layers(base)\n",
        "    wrappers: list[nn.Module] = []\n",
        ("test_transforms.py",),
    ),
    # The test tools themselves
    Defect(
        "the tests act on inputs by the inverse",
        f"{RUNTIME}/testing.py",
        "return Motion(inverse.transpose(1, 2), None, sign(index).to(dtype), index)",
        "return Motion(inverse, None, sign(index).to(dtype), index)",
        ("test_equivariance.py", "test_conformance.py"),
    ),
    Defect(
        "the tests give modules inputs that are views",
        f"{RUNTIME}/testing.py",
        "return (moved.round().to(x.dtype) if labels else moved).contiguous()",
        "return moved.round().to(x.dtype) if labels else moved",
        ("test_verify_modules.py",),
    ),
    Defect(
        "outputs are judged by the condition number of all",
        f"{RUNTIME}/verification/law.py",
        "bounds = CONSTANT * torch.finfo(dtype).eps * kappas",
        "bounds = CONSTANT * torch.finfo(dtype).eps * kappas.amax(0).expand_as(kappas)",
        ("test_verify_modules.py",),
    ),
    Defect(
        "modules may change their inputs between calls",
        f"{RUNTIME}/verification/guard.py",
        "given = tuple(x.clone() for x in inputs)",
        "given = inputs",
        ("test_verify_modules.py",),
    ),
    Defect(
        "errors of a module stop the measurement",
        f"{RUNTIME}/verification/guard.py",
        "raise ModuleRaisedError(said(error)) from error",
        "raise",
        ("test_verify_modules.py",),
    ),
    Defect(
        "rounding inside a module is not seen",
        f"{RUNTIME}/verification/guard.py",
        "self.coarsest = copied.dtype",
        "pass",
        ("test_verify_modules.py",),
    ),
    Defect(
        "a length that zeros have no derivative of",
        f"{RUNTIME}/reading/units.py",
        "rows.masked_fill(none, 1), dim",
        "rows, dim",
        ("test_second_derivatives.py",),
    ),
    Defect(
        "a point at the center has no derivative",
        f"{RUNTIME}/actions/axes.py",
        "found = centered - (centered - found).detach()",
        "pass",
        ("test_second_derivatives.py",),
    ),
    Defect(
        "a base works in what nets have read",
        f"{RUNTIME}/actions/axes.py",
        "    if torch.is_grad_enabled() or (given",
        "    if (given",
        ("test_in_place.py",),
    ),
    Defect(
        "numbers that nothing rounds are compared as if",
        f"{RUNTIME}/reading/invariants.py",
        "            if not rounds:\n",
        "            if False:\n",
        ("test_exact_order.py",),
    ),
    # Groups that act by tables
    Defect(
        "tables move back as they move there",
        f"{RUNTIME}/actions/tables.py",
        "source = places if inverse else inverse_index(places)",
        "source = inverse_index(places)",
        ("test_tables.py", "test_contract_finite.py"),
    ),
    Defect(
        "a reflection after the turn",
        f"{RUNTIME}/groups/turns.py",
        "step = -1 if flipped else 1",
        "step, turn = (-1, -turn) if flipped else (1, turn)",
        ("test_contract_finite.py",),
    ),
    Defect(
        "images are turned and not flipped",
        f"{RUNTIME}/groups/grids.py",
        "signs: tuple[int, ...] = (1, -1 if flipped else 1)",
        "signs: tuple[int, ...] = (1, 1)",
        ("test_tables.py", "test_contract_finite.py"),
    ),
    Defect(
        "elements weigh the same in eval mode",
        f"{RUNTIME}/distributions/finite_net.py",
        "return self.element(number, None, torch.where(taken, share, 1.0))",
        "return self.element(number, None, torch.where(taken, torch.ones_like(share), 1.0))",
        ("test_contract_finite.py",),
    ),
    Defect(
        "describe counts elements with weights in no mode",
        "symc/ir/drawing.py",
        "if found is None and not training:",
        "if False:",
        ("test_enumeration.py", "test_description.py"),
    ),
    Defect(
        "quarter turns of any two sizes",
        "symc/checking/tables.py",
        "if other is None or span in reported:",
        "if True:",
        ("test_contract_finite.py",),
    ),
    Defect(
        "the first version of the IR is not read",
        "symc/ir/program.py",
        "_EARLIER = (1, 2)",
        "_EARLIER = (2,)",
        ("test_ir.py",),
    ),
    Defect(
        "paths of an odd number of links are one longer",
        f"{RUNTIME}/numerics/hops.py",
        "length = length.mul_(2).sub_(odd)",
        "length = length.mul_(2)",
        ("test_refine.py",),
    ),
    Defect(
        "roots are drawn among all items, alike or not",
        f"{RUNTIME}/modules/refine.py",
        "able = count > 1",
        "able = count > 0",
        ("test_refine.py",),
    ),
    Defect(
        "a root is the first of the items that are alike",
        f"{RUNTIME}/modules/refine.py",
        "key = noise.masked_fill(~(best & able), -torch.inf)",
        "key = torch.arange(noise.shape[-1]).to(noise).expand_as(noise).masked_fill(~able, -1)",
        ("test_refine.py", "test_distributions.py"),
    ),
    Defect(
        "colours know the distance to the root, and refine no further",
        f"{RUNTIME}/modules/refine.py",
        "AT_FIRST, AFTER_A_ROOT = 3, 2",
        "AT_FIRST, AFTER_A_ROOT = 0, 0",
        ("test_refine.py",),
    ),
    Defect(
        "messages between items are rounded",
        f"{RUNTIME}/numerics/hashing.py",
        "return Digits(torch.float64, 20)",
        "return Digits(torch.float64, 30)",
        ("test_refine.py",),
    ),
    Defect(
        "colours of padding are sent",
        f"{RUNTIME}/modules/refine.py",
        "sent = sent.masked_fill(~mask.unsqueeze(1), 0)",
        "sent = sent.masked_fill(~mask.unsqueeze(1), 7)",
        ("test_refine.py",),
    ),
    # Blocks of items
    Defect(
        "wreath: items are moved where their block was",
        f"{RUNTIME}/elements/wreath.py",
        "within = element.items.gather(1, index)",
        "within = element.items",
        WREATH,
    ),
    Defect(
        "wreath: keys of blocks stay behind",
        f"{RUNTIME}/distributions/nested_average.py",
        "return torch.cat([items, permute_blocks(noise[:, :, -1:], element, 1)], 2)",
        "return torch.cat([items, noise[:, :, -1:]], 2)",
        WREATH,
    ),
    Defect(
        "wreath: what is in blocks does not sort them",
        f"{RUNTIME}/numerics/nested_sorting.py",
        "columns = [*blocks[0], content], ",
        "columns = [*blocks[0], torch.zeros_like(content)], ",
        WREATH,
    ),
    Defect(
        "wreath: items of blocks are compared as they came",
        f"{RUNTIME}/numerics/nested_sorting.py",
        "content = _content(rank.gather(-1, order))",
        "content = _content(rank)",
        WREATH,
    ),
    Defect(
        "wreath: blocks pool over other blocks",
        f"{RUNTIME}/modules/nested.py",
        "blocks = self.block(x.blocks) + self.inside(x.items.mean(2))",
        "blocks = self.block(x.blocks) + self.inside(x.items[:, :, 0])",
        WREATH,
    ),
    Defect(
        "wreath: pairs inside blocks are as all others",
        f"{RUNTIME}/distributions/nested_net.py",
        "self.pairs(inside.mean(3).permute(0, 3, 2, 1))",
        "0 * self.pairs(inside.mean(3).permute(0, 3, 2, 1))",
        WREATH,
    ),
    Defect(
        "wreath: soft orders of blocks are dropped",
        f"{RUNTIME}/actions/nested.py",
        "return unpermute(_inside(x, element, dim, inverse=True), of_blocks(element), dim)",
        "moved = _inside(x, element, dim, inverse=True)\n"
        "        return unpermute(moved, of_blocks(element._replace(soft_blocks=None)), dim)",
        WREATH,
    ),
    Defect(
        "wreath: any permutation of items keeps blocks",
        "symc/comparison/membership.py",
        "return blocks is not None and (",
        "return blocks is None or (",
        WREATH,
    ),
    Defect(
        "wreath: blocks in another tensor move by themselves",
        "symc/comparison/membership.py",
        '"blocks" not in known or blocks == _places(known["blocks"], n)',
        "True",
        WREATH,
    ),
    Defect(
        "wreath: an input of blocks tells all elements",
        "symc/proofs/factors/nested.py",
        "self.free = not told and self.items.value != 1",
        "self.free = False",
        WREATH,
    ),
    Defect(
        "wreath: sides of a bracket are not held to blocks and items",
        "symc/checking/wreath.py",
        "pairs = zip(sides, (blocks, items), written.sizes",
        "pairs = zip(sides, sides, written.sizes",
        WREATH,
    ),
]
