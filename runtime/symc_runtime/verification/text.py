"""A report for people: tables of 80 columns, then what is broken, then what was not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from symc_runtime.verification.report import (
    DRAWN,
    FACTS,
    NUMBERS,
    TESTS,
    WEIGHTS,
    Report,
    Row,
    Test,
    Verdict,
)

WIDTH = 80
STYLES = {"bold": "1", "error": "1;31", "warning": "1;33", "help": "1;36", "good": "32", "dim": "2"}

TITLES: dict[Test, str] = {
    "law": "Law: {law}, errors over the size of the output",
    "trusted": "Trusted to the base: does it have these symmetries?",
    "elements": "Elements: what no law can see",
    "padding": "Padding: what stands in it changes nothing",
    "noise": "Noise: h noise has the law of noise (two samples, 99.9%)",
    "mean": "Mean: E f(h x) against h E f(x), fresh noise on each side, 99.9% bounds",
    "outputs": "Outputs: do f(h x) and h f(x) have one law? (two samples, 99.9%)",
}
NOTES: dict[Test, str] = {
    "law": "Allowed: 30 eps times the measured condition number of each input. Unclear: it may "
    "be rounding.",
    "mean": "This alone shows no symmetry: a deviation below `would see` can hide.",
    "outputs": "Characteristic functions of {draws} outputs a side, each input. False alarms: one "
    "row in 1,000 at most, and an alarm is repeated. Smaller differences can hide.",
}
NAMES: dict[Test, str] = {
    "law": "the law is", "trusted": "groups by base are", "elements": "elements are",
    "padding": "padding is", "noise": "the noise is", "mean": "the mean is",
    "outputs": "the law of outputs is",
}  # fmt: skip
WORDS: dict[Verdict, str] = {
    "right": "right",
    "undetected": "no deviation",
    "broken": "BROKEN",
    "unmeasured": "not measured",
}
MOVED = "Also with every weight moved at random by a tenth of its size, in eval mode."
STATISTICAL: tuple[Test, ...] = ("noise", "mean", "outputs")
PROPERTIES = {"pose": "the base sees g^-1 x", "sample": "g base(g^-1 x)"}


def render(report: Report, color: bool = False) -> str:
    """The report as text; one long name alone may make a line wider than 80 columns."""
    lines = _head(report, color)
    for test in TESTS:
        merged = _merged(row for row in report.rows if row.test == test)
        if merged:
            lines += ["", *_section(report, test, merged, color)]
    for rows in _told(report):
        lines += ["", *_error(report, rows, color)]
    if report.layers:
        lines += ["", _paint("Layers: where in the module a symmetry is lost first", "bold", color)]
        for group, words in report.layers:
            lines += wrap(
                f"{group}: {words}.", WIDTH, initial_indent="  ", subsequent_indent="    "
            )
    warnings = _warnings(report)
    for text in warnings:
        lines += ["", *_hanging("warning: ", text, "warning", color, "bold")]
    unseen = "; ".join(report.unseen)
    lines += ["", *_hanging("Not seen: ", unseen + ".", "bold", color)] if unseen else []
    return "\n".join([*lines, "", _last(report, len(warnings), color)]) + "\n"


def _head(report: Report, color: bool) -> list[str]:
    groups = ", ".join(report.groups) or "no group"
    sizes = ", ".join(f"{name} = {value}" for name, value in report.sizes.items())
    said = [report.subject, sizes, f"seed {report.seed}"]
    head = wrap(f"{report.name}: {groups}", WIDTH, subsequent_indent="  ")
    return [
        *(_paint(line, "bold", color) for line in head),
        *wrap(", ".join(filter(None, said)), WIDTH, break_long_words=False),
    ]


def _merged(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows about one thing, in all modes and precisions; what other weights break, apart."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        apart = row.weights if row.verdict == "broken" else ""
        found.setdefault((*_key(row), apart), []).append(row)
    return list(found.values())


def _key(row: Row) -> tuple[str, str, str, str]:
    return row.test, row.group, row.tensor, row.what


def _section(report: Report, test: Test, merged: list[list[Row]], color: bool) -> list[str]:
    law = "f(h x; h noise) = h f(x; noise)" if report.compiled else "f(h x) = h f(x)"
    title = TITLES[test].format(law=law)
    statistical = test in STATISTICAL
    if statistical:
        columns = ["difference", "at most" if test == "mean" else "allowed", "would see", "draws"]
    else:
        columns = ["float64", "float32", "inputs", "unclear"]
    if test in ("noise", "outputs"):
        columns.remove("would see")
    second = "output" if test in ("law", "mean", "outputs", "padding") else "what"
    table = [["of" if test == "elements" else "group", second, *columns, ""]]
    verdicts: list[Verdict] = []
    present = {_key(row) for rows in merged for row in rows if not _of_moved(row)}
    present &= {_key(row) for row in report.broken if not row.weights}
    for rows in merged:
        if _of_moved(rows[0]) and _key(rows[0]) in present:
            continue
        if rows[0].verdict == "unmeasured" and not rows[0].inputs:
            continue
        numbers = _statistics(test, rows) if statistical else _numbers(rows)
        verdict = _worst(rows)
        whole = rows[0].tensor if test == "elements" else ""
        group = whole or rows[0].group
        table.append([group, _subject(rows[0]), *numbers, WORDS[verdict]])
        verdicts.append(verdict)
    lines = [_paint(line, "bold", color) for line in wrap(title, WIDTH)]
    if test in ("padding",):
        table = [[row[1], *row[2:]] for row in table]
    if len(table) > 1:
        lines += _table(table, 1 if test == "padding" else 2, verdicts, color)
    draws = max(row.inputs for rows in merged for row in rows)
    notes = [NOTES[test].format(draws=f"{draws:,}")] if test in NOTES else []
    if any(row.weights and row.inputs for rows in merged for row in rows):
        notes.append(MOVED)
    if notes and verdicts:
        lines += [
            _paint(line, "dim", color)
            for line in wrap(" ".join(notes), WIDTH, initial_indent="  ", subsequent_indent="  ")
        ]
    return lines if len(table) > 1 else [*lines, "  nothing, see below"]


def _of_moved(row: Row) -> bool:
    """Whether a row stands for what other weights alone break."""
    return bool(row.weights) and row.verdict == "broken"


def _subject(row: Row) -> str:
    if _of_moved(row):
        return f"{row.tensor}, moved weights"
    if row.test == "trusted":
        told = {"mean": "mean", "outputs": "law"}.get(row.what)
        return f"{row.tensor}, {told}" if told else f"{row.tensor} of the {row.what}"
    if row.test in ("law", "mean", "outputs", "padding"):
        return row.tensor
    return PROPERTIES.get(row.what, row.what)


def _numbers(rows: Sequence[Row]) -> list[str]:
    measured = [row for row in rows if row.inputs]
    told = [row for row in measured if row.verdict != "unmeasured"]
    cells = []
    for dtype in ("float64", "float32"):
        of_dtype = [row for row in told if row.dtype == dtype]
        cells.append(_number(_largest(of_dtype)) if of_dtype else "-")
    inputs, unclear = sum(r.inputs for r in measured), sum(r.unclear for r in measured)
    return [*cells, f"{inputs:,}", f"{unclear:,}"]


def _statistics(test: Test, rows: Sequence[Row]) -> list[str]:
    row = max(rows, key=lambda r: (r.verdict == "broken", _value(r.error)))
    draws = f"{row.inputs:,}"
    if test in ("noise", "outputs"):
        return [_number(_value(row.error)), _number(_value(row.bound)), draws]
    error, bound = _value(row.error), _value(row.bound)
    return [_number(error), _number(error + bound), _number(2 * bound), draws]


def _largest(rows: Sequence[Row]) -> float:
    return max(_value(row.error) for row in rows)


def _value(number: float | None) -> float:
    return float("inf") if number is None else number


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if value == float("inf"):
        return "no number"
    return f"{value:.2g}" if 1e-3 <= value < 1e4 else f"{value:.1e}"


def _worst(rows: Sequence[Row]) -> Verdict:
    for verdict in ("broken", "right", "undetected"):
        if any(row.verdict == verdict for row in rows):
            return verdict
    return "unmeasured"


def _table(
    table: list[list[str]], left: int, verdicts: Sequence[Verdict], color: bool
) -> list[str]:
    """Columns aligned, the first `left` of them to the left, the last as a word in colour."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    # What is not needed in numbers separates; the words stand in one place in all tables.
    used = 2 + sum(widths) + 2 * (len(widths) - 1) + 14
    widths[left - 1] += max(0, WIDTH - used - 2)
    styles = {"right": "good", "undetected": "good", "broken": "error", "unmeasured": "warning"}
    lines = []
    for index, row in enumerate(table):
        cells = [
            f"{cell:<{width}}" if i < left else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        text = "  " + "  ".join(cells)
        if index == 0:
            lines.append(_paint(text.rstrip(), "dim", color))
        else:
            word = _paint(row[-1], styles[verdicts[index - 1]], color)
            lines.append(f"{text}  {word}")
    return lines


def _error(report: Report, rows: list[Row], color: bool) -> list[str]:
    worst = max(rows, key=lambda row: (_value(row.error), row.wrong))
    message, help = _explained(report, worst)
    lines = _hanging(f"error[{worst.test}]: ", message, "error", color, "bold")
    error, bound = _value(worst.error), _value(worst.bound)
    size = "no finite number" if error == float("inf") else _number(error)
    allowed = "" if error == bound == float("inf") else f", allowed {_number(bound)}"
    facts = [f"found {size}{allowed}"]
    if worst.test not in STATISTICAL and worst.what not in ("mean", "outputs", DRAWN):
        facts.append(f"wrong in {worst.wrong:,} of {worst.inputs - worst.unclear:,}")
    place = ", ".join(filter(None, (worst.kind, worst.dtype, f"{worst.mode} mode")))
    facts.append(f"worst: {place}{', weights moved' if worst.weights else ''}")
    others = [row for row in rows if row is not worst]
    if worst.what == FACTS:
        return lines + _hanging("  = help: ", help, "help", color)
    if others:
        listed = ", ".join(f"{row.dtype} {row.mode}" for row in others)
        facts.append(f"also: {listed}")
    lines += wrap("; ".join(facts), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return lines + _hanging("  = help: ", help, "help", color)


def _explained(report: Report, row: Row) -> tuple[str, str]:
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
        held = [other for other in report.rows if _key(other) == _key(row) and not other.weights]
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
        case "noise":
            return (
                f"the noise of {group} changes its law under {group}: its {what}",
                "draw it independent and alike for items, isotropic for vectors",
            )


def _told(report: Report) -> list[list[Row]]:
    """What is broken, but not what follows from it.

    Groups together where none of them alone is broken; the model where its base is not; other
    weights where the present ones do not; a law of random outputs where their mean does not.
    """
    broken = {_key(row) for row in report.broken if not row.weights}
    moved = broken | {_key(row) for row in report.broken}
    told = []
    for rows in _merged(report.broken):
        row = rows[0]
        if row.weights and _key(row) in broken:
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


def _warnings(report: Report) -> list[str]:
    """What could not be measured, or hardly; the same reason once for all groups of a test."""
    said: dict[str, None] = {}
    most: dict[tuple[str, str], Row] = {}
    for row in report.warnings:
        if row.verdict == "right":
            worst = most.setdefault((row.tensor, row.group), row)
            if row.unclear * worst.inputs > worst.unclear * row.inputs:
                most[row.tensor, row.group] = row
    for (tensor, group), row in most.items():
        about = f"`{tensor}` under {group}" if group else f"`{tensor}`"
        place = f"in {row.dtype}, {row.mode} mode"
        said[f"{about}: {row.unclear} of {row.inputs} inputs are unclear {place}"] = None
    places: dict[tuple[str, str, str], dict[str, None]] = {}
    for row in report.warnings:
        if row.inputs and row.verdict != "right":
            key = row.tensor, row.group, row.detail
            places.setdefault(key, {})[row.dtype] = None
    for (tensor, group, detail), dtypes in places.items():
        where = " in " + " and ".join(filter(None, dtypes)) if any(dtypes) else ""
        said[f"`{tensor}` under {group} is not measured{where}: {detail}"] = None
    for row in report.warnings:
        if row.verdict == "right" or row.inputs:
            continue
        if row.test == "trusted" and not row.tensor:
            said[f"{row.group} by base is not measured: {row.detail}"] = None
        else:
            where = f" in {row.dtype}" if row.dtype else ""
            said[f"{NAMES[row.test]} not measured{where}: {row.detail}"] = None
    return list(said)


def _last(report: Report, warnings: int, color: bool) -> str:
    if not report.ok:
        count = len(_told(report))
        return _paint(f"Found {count} broken {'law' if count == 1 else 'laws'}.", "error", color)
    if not any(row.test in ("law", "trusted") and row.verdict == "right" for row in report.rows):
        means = any(row.verdict == "undetected" for row in report.rows)
        text = (
            "Found no deviation of random outputs"
            if means
            else "Found nothing wrong, measured no law"
        )
        return _paint(f"{text}, which shows no symmetry.", "warning", color)
    more = f" and {warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
    return _paint(f"Found nothing wrong{more}.", "good", color)


def _hanging(title: str, text: str, style: str, color: bool, body: str | None = None) -> list[str]:
    """A title in colour and a paragraph, its later lines indented."""
    lines = wrap(title + text, WIDTH, subsequent_indent="  ", break_long_words=False)
    first = lines[0][len(title) :]
    painted = [_paint(title, style, color) + (_paint(first, body, color) if body else first)]
    return painted + [_paint(line, body, color) if body else line for line in lines[1:]]


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if color and text else text
