"""What a report says could not be measured, or hardly, in words."""

from __future__ import annotations

from symc_runtime.verification.report import Report, Row, Test

NAMES: dict[Test, str] = {
    "law": "the law is", "trusted": "groups by base are", "elements": "elements are",
    "padding": "padding is", "gradient": "gradients are", "noise": "the noise is",
    "mean": "the mean is", "outputs": "the law of outputs is",
}  # fmt: skip


def cautions(report: Report) -> list[str]:
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
