"""The source lines of a diagnostic, with its places underlined and labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render._terminal import TAB, WIDTH, char_width, paint, shown, text_width, wrap
from symc.source import Source, Span

_REACH = 4 * WIDTH


@dataclass(frozen=True)
class Mark:
    """Characters `start` to `end` of one line; `label` is empty for the diagnostic's own place."""

    line: int
    start: int
    end: int
    label: str
    primary: bool


def marks(diagnostic: Diagnostic) -> list[Mark]:
    """What to underline: the place first, then the related ones."""
    source = diagnostic.source
    found = _split(source, diagnostic.span, "", True)
    for related in diagnostic.related:
        found += _split(source, related.span, related.message, False)
    return found


def _split(source: Source, span: Span, label: str, primary: bool) -> list[Mark]:
    """The marks of a span: of one over several lines, its first and its last line."""
    first, last = source.position(span.start), source.position(span.end)
    if first.line == last.line:
        return [Mark(first.line, first.column - 1, last.column - 1, label, primary)]
    head = len(source.line(first.line))
    tail = source.line(last.line)[: last.column - 1]
    marks = [Mark(first.line, first.column - 1, max(head, first.column), "", primary)]
    if tail.strip():
        indent = len(tail) - len(tail.lstrip())
        return [*marks, Mark(last.line, indent, len(tail), label, primary)]
    return [Mark(first.line, first.column - 1, max(head, first.column), label, primary)]


def snippet(diagnostic: Diagnostic, gutter: int, color: bool) -> tuple[list[str], list[str]]:
    """The framed source lines, and the labels of marks that the cut of a long line hides."""
    by_line: dict[int, list[Mark]] = {}
    for mark in marks(diagnostic):
        by_line.setdefault(mark.line, []).append(mark)
    lines: list[str] = []
    hidden: list[str] = []
    previous = None
    bar = paint("|", "frame", color)
    for number in sorted(by_line):
        if previous is not None and number == previous + 2:
            between = _Shown(diagnostic.source.line(previous + 1), [], gutter)
            lines.append(_numbered(previous + 1, gutter, bar, between.text, color))
        elif previous is not None and number > previous + 2:
            lines.append(paint("...", "frame", color))
        line = _Shown(diagnostic.source.line(number), by_line[number], gutter)
        lines.append(_numbered(number, gutter, bar, line.text, color))
        for row in line.rows(diagnostic.severity, WIDTH - gutter - 3, color):
            lines.append(f"{' ' * gutter} {bar} {row}".rstrip())
        hidden += [f"{mark.label} ({number}:{mark.start + 1})" for mark in line.hidden]
        previous = number
    return lines, hidden


def _numbered(number: int, gutter: int, bar: str, text: str, color: bool) -> str:
    return f"{paint(f'{number:>{gutter}}', 'frame', color)} {bar} {text}".rstrip()


class _Shown:
    """One source line as it is shown: tabs widened, cut around its marks where it is too long."""

    def __init__(self, text: str, marks: list[Mark], gutter: int) -> None:
        # Of a line of thousands of characters only the neighbourhood of the place is looked at.
        main = next((mark.start for mark in marks if mark.primary), marks[0].start if marks else 0)
        before = max(0, main - _REACH)
        behind = max(0, len(text) - main - _REACH)
        text = text[before : main + _REACH]
        cells: list[str] = []
        columns = [0]
        for character in text:
            if character == "\t":
                cell = " " * (TAB - columns[-1] % TAB)
                step = len(cell)
            else:
                cell = shown(character)
                step = char_width(cell)
            cells.append(cell)
            columns.append(columns[-1] + step)
        room = WIDTH - gutter - 3
        left, right = 0, len(cells)
        near = [replace(mark, start=mark.start - before, end=mark.end - before) for mark in marks]
        # A place at the end of the line is underlined one column behind it.
        at_end = any(mark.start >= len(cells) for mark in near)
        if columns[-1] + at_end > room:
            left, right = _window(columns, near, room - 2)
        cut_left, cut_right = left + before > 0, right < len(cells) or behind > 0
        self.text = ("…" if cut_left else "") + "".join(cells[left:right])
        self.text += "…" if cut_right else ""
        offset = columns[left] - cut_left
        self.marks: list[tuple[int, int, Mark]] = []
        self.hidden: list[Mark] = []
        for original, mark in zip(marks, near, strict=True):
            if mark.end < left or mark.start > right:
                self.hidden.append(original)
                continue
            start = columns[min(max(mark.start, left), len(cells))]
            # A place at the end of the line lies one column behind its last character.
            start += max(0, mark.start - len(cells))
            end = columns[min(max(mark.end, left), right)]
            self.marks.append((start - offset, max(end, start + 1) - offset, mark))

    def rows(self, severity: str, room: int, color: bool) -> list[str]:
        """The line of underlines, and below it the labels that do not fit behind it."""
        canvas: dict[int, tuple[str, str]] = {}
        for start, end, mark in sorted(self.marks, key=lambda item: item[2].primary):
            for column in range(start, end):
                canvas[column] = ("^", severity) if mark.primary else ("-", "frame")
        labelled = sorted((m for m in self.marks if m[2].label), key=lambda m: (m[0], m[1]))
        reach = max(canvas, default=-1) + 1
        row = _draw(canvas, color)
        if labelled:
            start, end, mark = labelled[-1]
            label = shown(mark.label)
            if end == reach and end + 1 + text_width(label) <= room:
                row += " " + paint(label, "label", color)
                labelled.pop()
        rows = [row]
        while labelled:
            start, _, mark = labelled.pop()
            bars = sorted({m[0] for m in labelled} - {start})
            indent = min(start, max(0, room - 32))
            stems = dict.fromkeys([*bars, start], ("|", "frame"))
            if len(rows) == 1:
                rows.append(_draw(stems, color))
            before = {column: ("|", "frame") for column in bars if column < indent}
            for text in wrap(mark.label, indent, indent, room):
                padding = _draw(before, color)
                gap = indent - (max(before, default=-1) + 1)
                rows.append(padding + " " * gap + paint(text, "label", color))
        return rows


def _draw(canvas: dict[int, tuple[str, str]], color: bool) -> str:
    """Characters at columns, runs of one style painted at once."""
    row, style, run = "", "", ""
    for column in range(max(canvas, default=-1) + 1):
        character, here = canvas.get(column, (" ", ""))
        if here != style:
            row += paint(run, style, color) if style else run
            run, style = "", here
        run += character
    return row + (paint(run, style, color) if style else run)


def _window(columns: list[int], marks: list[Mark], room: int) -> tuple[int, int]:
    """Characters to show of a line that is too long: all marks if they fit, else the main one."""
    last = len(columns) - 1
    groups = [marks, [m for m in marks if m.primary] or marks[:1]]
    start = stop = 0
    for group in groups:
        start = min((max(0, min(m.start, last)) for m in group), default=0)
        stop = max((max(0, min(m.end, last)) for m in group), default=0)
        if columns[stop] - columns[start] <= room:
            break
    else:
        stop = start
    slack = max(0, room - (columns[stop] - columns[start]))
    left = start
    while left > 0 and columns[start] - columns[left - 1] <= slack // 2:
        left -= 1
    right = left
    while right < last and columns[right + 1] - columns[left] <= room:
        right += 1
    while right == last and left > 0 and columns[right] - columns[left - 1] <= room:
        left -= 1
    return left, right
