"""A report for people: tables of 80 columns, then what is broken, then what was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from symc_runtime.spread.words import in_words
from symc_runtime.verification.cautions import cautions
from symc_runtime.verification.faults import (
    by_subject,
    explained,
    of_other_weights,
    subject_of,
    to_tell,
)
from symc_runtime.verification.report import (
    DRAWN,
    FACTS,
    TESTS,
    Report,
    Row,
    StageSpread,
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
    "gradient": "Gradients: derived outputs against finite differences, same noise",
    "noise": "Noise: h noise has the law of noise (two samples, 99.9%)",
    "mean": "Mean: E f(h x) against h E f(x), fresh noise on each side, 99.9% bounds",
    "outputs": "Outputs: do f(h x) and h f(x) have one law? (two samples, 99.9%)",
}
NOTES: dict[Test, str] = {
    "law": "Allowed: 30 eps times the measured condition number of each input. Unclear: it may "
    "be rounding.",
    "mean": "This alone shows no symmetry: a deviation below `would see` can hide.",
    "gradient": "In random directions, over the slope. Unclear: it jumps or bends near the input.",
    "outputs": "Characteristic functions of {draws} outputs a side, each input. False alarms: one "
    "row in 1,000 at most, and an alarm is repeated. Smaller differences can hide.",
}
WORDS: dict[Verdict, str] = {
    "right": "right",
    "undetected": "no deviation",
    "broken": "BROKEN",
    "unmeasured": "not measured",
}
SPREAD = "Spread: how concentrated the poses are, on random inputs, at these weights"
MOVED = "Also with every weight moved at random by a tenth of its size, in eval mode."
WHOLE: tuple[Test, ...] = ("padding", "gradient")
"""What is of an output, and of no group."""
STATISTICAL: tuple[Test, ...] = ("noise", "mean", "outputs")
PROPERTIES = {"pose": "the base sees g^-1 x", "sample": "g base(g^-1 x)"}


def render(report: Report, color: bool = False) -> str:
    """The report as text; one long name alone may make a line wider than 80 columns."""
    lines = _head(report, color)
    for test in TESTS:
        merged = by_subject(row for row in report.rows if row.test == test)
        if merged:
            lines += ["", *_section(report, test, merged, color)]
    if report.spread:
        lines += ["", *_spread(report.spread, color)]
    for rows in to_tell(report):
        lines += ["", *_error(report, rows, color)]
    if report.layers:
        lines += ["", _paint("Layers: where in the module a symmetry is lost first", "bold", color)]
        for group, words in report.layers:
            lines += wrap(
                f"{group}: {words}.", WIDTH, initial_indent="  ", subsequent_indent="    "
            )
    warnings = cautions(report)
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


def _section(report: Report, test: Test, merged: list[list[Row]], color: bool) -> list[str]:
    law = "f(h x; h noise) = h f(x; noise)" if report.compiled else "f(h x) = h f(x)"
    title = TITLES[test].format(law=law)
    statistical = test in STATISTICAL
    if statistical:
        columns = ["difference", "at most" if test == "mean" else "allowed", "would see", "draws"]
    else:
        columns = ["float64", "float32", "inputs", "unclear"]
    if test == "gradient":
        columns.remove("float32")
    if test in ("noise", "outputs"):
        columns.remove("would see")
    second = "output" if test in ("law", "mean", "outputs", *WHOLE) else "what"
    table = [["of" if test == "elements" else "group", second, *columns, ""]]
    verdicts: list[Verdict] = []
    present = {subject_of(row) for rows in merged for row in rows if not of_other_weights(row)}
    present &= {subject_of(row) for row in report.broken if not row.weights}
    for rows in merged:
        if of_other_weights(rows[0]) and subject_of(rows[0]) in present:
            continue
        if rows[0].verdict == "unmeasured" and not rows[0].inputs:
            continue
        numbers = _statistics(test, rows) if statistical else _numbers(rows)
        if test == "gradient":
            del numbers[1]
        verdict = _worst(rows)
        whole = rows[0].tensor if test == "elements" else ""
        group = whole or rows[0].group
        table.append([group, _subject(rows[0]), *numbers, WORDS[verdict]])
        verdicts.append(verdict)
    lines = [_paint(line, "bold", color) for line in wrap(title, WIDTH)]
    if test in WHOLE:
        table = [[row[1], *row[2:]] for row in table]
    if len(table) > 1:
        lines += _table(table, 1 if test in WHOLE else 2, verdicts, color)
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


def _spread(stages: Sequence[StageSpread], color: bool) -> list[str]:
    lines = [_paint(SPREAD, "bold", color)]
    for stage in stages:
        words = in_words(stage.over, stage.measure, stage.value, stage.uniform)
        lines += wrap(
            f"{stage.group}: {words}", WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    return lines


def _subject(row: Row) -> str:
    if of_other_weights(row):
        return f"{row.tensor}, moved weights"
    if row.test == "trusted":
        told = {"mean": "mean", "outputs": "law"}.get(row.what)
        return f"{row.tensor}, {told}" if told else f"{row.tensor} of the {row.what}"
    if row.test == "gradient":
        return f"{row.tensor} = {row.what}" if row.what else row.tensor
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
    message, help = explained(report, worst)
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


def _last(report: Report, warnings: int, color: bool) -> str:
    if not report.ok:
        count = len(to_tell(report))
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
