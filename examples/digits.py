"""Handwritten digits, trained upright, asked about when turned by quarters and mirrored.

One small convolutional network, trained plain and under four methods of symmetrization by C(4),
the turns, or D(4), turns and mirror images, each with the same budget of CPU time:

    python examples/digits.py --seconds 24
    python examples/digits.py --seconds 24 --methods "D(4) average" "D(4) frame"

It names the digit, marks its upper half, and points to its top from every pixel. The spec is
`specs/digits.sym`; the digits are `handwriting.py` and need scikit-learn. Results go to `--out`,
one JSON file a method; one that is there already is not run again. `--show` prints what is there.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from comparison import Comparison, Results, narrow_table
from digit_pictures import draw_digits
from handwriting import SIDE, Digits, load, tops
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "digits.sym"
TRAIN = 1197

HOW = {
    "average": "average(samples=1, eval_samples=20)",
    "frame": "frame",
    "canonical": "canonical",
    "probabilistic": "probabilistic",
}
GROUPS = ("C(4)", "D(4)")
METHODS = ("plain", *(f"{group} {how}" for group in GROUPS for how in HOW))
AMBIGUOUS = (6, 9)
"""Digits that are one another, turned by a half: here no turn can tell them apart for certain."""

TESTS = ("upright", "turned", "mirrored")
"""As trained; turned by quarters, at random; mirrored half of the time and turned."""


class SmallCNN(nn.Module):
    """The base: convolutions, once more at half the resolution, and three readouts.

    Its padding, and the layer that reads the whole image, tell it which way is up.
    """

    def __init__(self, width: int = 24, whole: int = 64, dropout: float = 0.3) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GELU(),
        )
        self.coarse = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(width, 2 * width, 3, padding=1), nn.GELU()
        )
        self.whole = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(2 * width * (SIDE // 2) ** 2, whole),
            nn.GELU(),
            nn.Dropout(dropout),
        )
        self.scores = nn.Linear(whole, 10)
        self.top = nn.Linear(whole, 2 * SIDE * SIDE)
        self.told = nn.Linear(whole, width)
        self.mask = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.GELU())
        self.pixel = nn.Conv2d(width, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images [batch, 1, 8, 8] to scores [batch, 10], logits of a mask, and a field."""
        fine = self.fine(image)
        whole = self.whole(self.coarse(fine))
        told = self.told(whole).unflatten(1, (-1, 1, 1)).expand_as(fine)
        mask = self.pixel(self.mask(torch.cat([fine, told], dim=1))).squeeze(1)
        return self.scores(whole), mask, self.top(whole).unflatten(1, (2, SIDE, SIDE))


def build(method: str, seed: int) -> nn.Module:
    """The base, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    base = SmallCNN()
    if method == "plain":
        return base
    group, how = method.split()
    text = SPEC.read_text(encoding="utf-8").replace("C(4)", group)
    model: nn.Module = symc.build(f"{text}\nsymmetrize R by {HOW[how]}\n", base)
    return model


def moves(test: str, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Quarter turns and whether to mirror, for each of `count` images of a test."""
    turns = torch.randint(4, (count,), generator=generator)
    mirrored = torch.rand(count, generator=generator) < 0.5
    if test == "upright":
        turns = torch.zeros_like(turns)
    if test != "mirrored":
        mirrored = torch.zeros_like(mirrored)
    return turns, mirrored


@torch.no_grad()
def measure(model: nn.Module, test: Digits) -> dict[str, float]:
    """Shares of right labels; the overlap of masks; how many pixels the arrows miss the top by."""
    scores, mask, field = model(test.image)
    right = scores.argmax(dim=1) == test.label
    clear = (test.label.unsqueeze(1) != torch.tensor(AMBIGUOUS)).all(dim=1)
    said, true = mask > 0, test.mask > 0.5
    away = (tops(field) - tops(test.field)).norm(dim=1)
    return {
        "accuracy": right.double().mean().item(),
        "clear": right[clear].double().mean().item(),
        "overlap": ((said & true).sum() / (said | true).sum()).item(),
        "pixels": away.median().item(),
    }


PICTURED = (2, 3, 4, 7)
"""The first of each in the test is drawn."""


@torch.no_grad()
def answers(model: nn.Module, test: Digits) -> list[list[dict[str, Any]]]:
    """What the model says of some digits, each turned by a quarter more than the one before."""
    first = [int((test.label == digit).nonzero()[0]) for digit in PICTURED]
    found = []
    for turn in range(4):
        shown = test[torch.tensor(first)].moved([turn] * len(first), [False] * len(first))
        scores, mask, field = model(shown.image)
        found.append(
            [
                {
                    "image": shown.image[i, 0].tolist(),
                    "label": int(scores[i].argmax()),
                    "right": bool(scores[i].argmax() == shown.label[i]),
                    "mask": mask[i].sigmoid().tolist(),
                    "field": field[i].tolist(),
                }
                for i in range(len(first))
            ]
        )
    return found


def coupled_error(model: nn.Module, test: Digits, seed: int) -> float | None:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64; None of a plain one."""
    if not isinstance(model, Symmetrized):
        return None
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    return equivariance_error(double, test.image.double()[:100], generator=generator)


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on upright digits and measure it on moved ones."""
    training, test = load(seed, TRAIN)
    generator = torch.Generator().manual_seed(seed)
    tests = {name: test.moved(*moves(name, len(test), generator)) for name in TESTS}
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training[indices]
        scores, mask, field = model(batch.image)
        wrong: Tensor = F.cross_entropy(scores, batch.label)
        marked = F.binary_cross_entropy_with_logits(mask, batch.mask)
        return wrong + marked + F.mse_loss(field, batch.field)

    task = progress.add_task(title, total=seconds, status="")
    schedule = Schedule(seconds, batch=64, learning_rate=3e-3)
    effort = train(model, loss, len(training), schedule, seed=seed, progress=progress, task=task)
    return {
        "tests": {name: measure(model, each) for name, each in tests.items()},
        "equivariance_error": coupled_error(model, test, seed),
        "answers": answers(model, test),
        "effort": asdict(effort),
    }


COLUMNS = (
    "\nupright",
    "\nturned",
    "mirrored,\nturned",
    "no 6, 9,\nturned",
    "\nmask",
    "top\noff by",
    "\nsteps",
)


def table(results: Results) -> Table:
    """Accuracy in each test, the overlap of masks and how far tops are off on turned digits."""
    view = narrow_table("digits named right; trained on upright ones alone", results, COLUMNS)
    for name, result in results.items():
        upright, turned, mirrored = (result["tests"][test] for test in TESTS)
        view.add_row(
            name,
            *(f"{each['accuracy']:.1%}" for each in (upright, turned, mirrored)),
            f"{turned['clear']:.1%}",
            f"{turned['overlap']:.0%}",
            f"{turned['pixels']:.1f} px",
            f"{result['effort']['steps']:,}",
        )
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    said = []
    for group, test in zip(GROUPS, TESTS[1:], strict=True):
        tests = [each["tests"][test] for name, each in results.items() if name.startswith(group)]
        if tests:
            least, clear = (min(each[key] for each in tests) for key in ("accuracy", "clear"))
            said.append(f"{group} at least {least:.1%} once {test} ({clear:.1%} without 6 and 9)")
    if "plain" not in results or not said:
        return ""
    plain = results["plain"]["tests"]
    return (
        f"Plain: {plain['upright']['accuracy']:.1%} right upright, "
        f"{plain['turned']['accuracy']:.1%} once turned; symmetrized: {', '.join(said)}. "
        "A half turn makes 6 and 9 of one another."
    )


def draw(path: Path, results: Results) -> None:
    """Inputs turned, and the answers of the plain network and of another one turning along."""
    shown: Sequence[str] = [name for name in ("plain", "C(4) frame") if name in results]
    shown = shown or list(results)[:1]
    draw_digits(path, {name: results[name]["answers"] for name in shown})


EXAMPLE = Comparison(
    name="digits",
    title="Handwritten digits, turned and mirrored.",
    methods=METHODS,
    seconds=24.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="digits turned, and the answers",
    unless_asked=[name for name in METHODS if name.startswith("D(4)")],
)

if __name__ == "__main__":
    EXAMPLE.main()
