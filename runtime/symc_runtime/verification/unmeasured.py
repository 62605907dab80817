"""What is not measured of a subject: rows that say why, and what nobody looked at."""

from __future__ import annotations

from symc_runtime.verification.report import Row, Test
from symc_runtime.verification.subject import Subject


def refusal(subject: Subject, test: Test, group: str, mode: str, dtype: str) -> Row:
    """A test in a precision in which the module does not run."""
    detail = f"the {'module' if subject.plain else 'base'} {subject.refused[dtype]}"
    return Row(test, group, "", "", mode, dtype, "unmeasured", detail=detail)


def laws_of_random(subject: Subject, mode: str) -> list[Row]:
    """The laws of a module that draws by itself: nobody can give both sides the same noise."""
    if subject.plain:
        detail = f"the module is random in {mode} mode: calls differ on the same inputs"
    else:
        detail = "the base is random, in eval mode too: calls differ on the same inputs and noise"
    rows = [Row("law", "", "", "", mode, "", "unmeasured", detail=detail)]
    if subject.measures_trusted and mode == "eval":
        rows += [
            Row("trusted", group, "", "", mode, "", "unmeasured", detail=detail)
            for group in subject.model.trusted
        ]
    return rows


def untested(group: str) -> list[Row]:
    """A trusted group where there is no base that could have it."""
    detail = "the random base has no symmetry: --base measures yours"
    return [Row("trusted", group, "", "", "eval", "float64", "unmeasured", detail=detail)]


def unseen(subject: Subject) -> tuple[str, ...]:
    """What was not looked at, after all steps."""
    sizes = ", ".join(f"{name} = {value}" for name, value in subject.sizes.items())
    said = [f"inputs other than those drawn{f', sizes other than {sizes}' if sizes else ''}"]
    # Asked for by its name alone, it would be made here.
    moved = " and these moved once" if "moved" in vars(subject) and subject.moved else ""
    said.append(f"other weights than the present ones{moved}, gradients, half precision, devices")
    if subject.plain:
        said.append("which elements the module uses inside, if any")
    if any(subject.random.values()):
        said.append("anything about a random module but its mean and, roughly, its law")
    elif subject.model.draws:
        said.append("that a mean over few samples is near its limit")
    if subject.model.trusted and not subject.measures_trusted:
        said.append(f"whether a base has {', '.join(subject.model.trusted)}, as it is trusted to")
    if not subject.plain and subject.model.ragged:
        said.append("whether the base reads the zeros that it gets for padding")
    return tuple(said)
