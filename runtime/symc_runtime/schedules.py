"""How loud noise is in the course of a training run."""

from __future__ import annotations


def annealed(progress: float, start: float = 1.0, end: float = 0.01, until: float = 0.7) -> float:
    """The scale of noise at `progress`, a share of the training from 0 to 1.

    It falls geometrically from `start` to `end`, which it reaches at `until` and keeps:

        for step in range(steps):
            model.noise_scale = annealed(step / steps)

    A net tries many poses first, and settles on those that its loss prefers before the base has
    learned them by heart. ValueError where an argument is out of its range.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress: a share of the training from 0 to 1, not {progress!r}")
    if not (start > 0 and end > 0 and 0 < until <= 1):
        raise ValueError("annealed: start and end are above 0, until is a share above 0")
    return float(start * (end / start) ** min(1.0, progress / until))
