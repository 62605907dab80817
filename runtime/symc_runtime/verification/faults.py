"""What a report says is broken, without what follows from it, in words."""

from __future__ import annotations

from collections.abc import Iterable

from symc_runtime.verification.report import DRAWN, FACTS, NUMBERS, WEIGHTS, Report, Row


def to_tell(report: Report) -> list[list[Row]]:
    """What is broken, but not what follows from it.

    Groups together where none of them alone is broken; the model where its base is not; other
    weights where the present ones do not; a law of random outputs where their mean does not.
    """
    broken = {subject_of(row) for row in report.broken if not row.weights}
    moved = broken | {subject_of(row) for row in report.broken}
    told = []
    for rows in by_subject(report.broken):
        row = rows[0]
        if row.weights and subject_of(row) in broken:
            continue
        parts = row.group.split(" x ") if " x " in row.group else []
        among = moved if row.weights else broken
        alone = any((row.test, part, row.tensor, row.what) in among for part in parts)
        test = "mean" if row.test == "outputs" else row.test
        if row.what == "outputs" and (test, row.group, row.tensor, "mean") in broken:
            continue
        base = row.what == "model" and (row.test, row.group, row.tensor, "base") in broken
        if not alone and not base:
            told.append(rows)
    return told


def explained(report: Report, row: Row) -> tuple[str, str]:
    """What is broken, and what to do."""
    ours = "the compiled module is at fault, or what was changed in it: its graph, a distribution"
    group, tensor, what = row.group, f"`{row.tensor}`", row.what
    where = f", g in {group}" if group else ""
    if row.error is None and row.test in ("law", "mean", "trusted"):
        inputs = f" on inputs of the kind {row.kind}" if row.kind else ""
        return (
            f"{tensor} is not finite{inputs}",
            f"the {'base' if report.compiled else 'module'} returns NaN or infinity there: does it "
            "divide by a length, a norm or a count that is zero, or overflow?",
        )
    if row.weights:
        held = [
            other
            for other in report.rows
            if subject_of(other) == subject_of(row) and not other.weights
        ]
        alone = any(other.verdict in ("right", "undetected") for other in held)
        of = "the base" if row.test == "trusted" else tensor
        its = f": its {tensor} does not with others" if row.test == "trusted" else ""
        return (
            f"{of} follows {group} with the present weights alone{its}"
            if alone
            else f"with other weights, {tensor} does not follow {group}",
            "moved at random, the weights lose it, and so may a step of training: look for a "
            "weight that is zero now, or equal to another, such as a bias on a vector. One that "
            "is to stay as it is: make it a buffer, or freeze it (`requires_grad_(False)`)",
        )
    match row.test:
        case "law" | "mean":
            mean = "on average " if row.test == "mean" else ""
            if report.compiled:
                return f"{tensor} {mean}does not follow {group}", ours
            help = (
                f"wrap the module: `symc.build(spec, module)` gives it {group}; or the spec says "
                f"more than is true of {tensor}"
            )
            return f"{tensor} {mean}does not follow {group}", help
        case "outputs":
            return (
                f"the law of {tensor}, as a random output, does not follow {group}",
                f"what is drawn inside changes its law under {group}: noise of unlike size along "
                "axes or for items, a choice that prefers some; draw it alike for all",
            )
        case "trusted" if what == "outputs":
            return (
                f"the base is trusted with {group}, but the law of its {tensor} does not follow it",
                f"what it draws changes its law under {group}: draw it alike for all items and "
                "axes",
            )
        case "trusted" if what == "model":
            return (
                f"with its base, {tensor} of the model does not follow {group}",
                "if the base alone does, the nets of the other stages see this group",
            )
        case "trusted":
            return (
                f"the base is trusted with {group}, but its {tensor} does not follow it",
                f"write `symmetrize {group} by probabilistic`, or use a base that has {group}",
            )
        case "elements" if what == "pose":
            return (
                f"the base does not see {tensor} as g^-1 {row.tensor}{where}",
                "soft elements in the forward, or an action that is left out",
            )
        case "elements" if what == "sample":
            return (
                f"a sample of {tensor} is not g times what the base returned{where}",
                "soft elements in the forward, or an output action that is left out",
            )
        case "elements" if what == FACTS:
            return (
                f"{group} is no group, or its representations are none: {row.detail}",
                "who brings the group mends it: `symc_runtime.groups.laws.assert_group` says "
                "whether all its facts are right",
            )
        case "elements" if what == NUMBERS:
            return (
                f"there are no such elements of {group} as are drawn",
                f"the distribution of {group} draws their numbers",
            )
        case "elements" if what == WEIGHTS:
            return (
                f"the weights of elements of {group} are below zero, or do not sum to 1",
                f"the distribution of {group} weighs them; equivariance tests cannot see this",
            )
        case "elements" if what == DRAWN:
            return (
                f"training does not draw the elements of {group} as often as eval mode weighs them",
                f"the distribution of {group} does both; equivariance tests cannot see this",
            )
        case "elements":
            return (
                f"elements of {group} are not of the group: not {what}"
                if what != "each index once"
                else f"elements of {group} are no permutations of the valid items",
                f"the distribution of {group} makes them; equivariance tests cannot see this",
            )
        case "padding":
            help = (
                ours
                if report.compiled
                else "mask what is read by the counts, which a forward that names the size gets: "
                "`def forward(self, x, n)`"
            )
            return f"{tensor} changes with what stands in padding", help
        case "gradient":
            inside = (
                ours
                if report.compiled
                else f"differentiate the same number that is returned, with nothing detached, and "
                f"mind the factor: `{row.tensor} = {row.what}`"
            )
            return f"{tensor} is not {row.what}, by finite differences", inside
        case "noise":
            return (
                f"the noise of {group} changes its law under {group}: its {what}",
                "draw it independent and alike for items, isotropic for vectors",
            )


def by_subject(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows about one thing, in all modes and precisions; what other weights break, apart."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        apart = row.weights if row.verdict == "broken" else ""
        found.setdefault((*subject_of(row), apart), []).append(row)
    return list(found.values())


def subject_of(row: Row) -> tuple[str, str, str, str]:
    """What it is about, whatever the mode, the precision and the weights."""
    return row.test, row.group, row.tensor, row.what


def of_other_weights(row: Row) -> bool:
    """Whether a row stands for what other weights alone break."""
    return bool(row.weights) and row.verdict == "broken"
