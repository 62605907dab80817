"""`symc new`: a commented spec to start from."""

from __future__ import annotations

import click

from symc.commands.printing import one_line, say, tell
from symc.commands.reading import InputError
from symc.commands.searching import STDIN, shown
from symc.writing import write_new

_TEMPLATE = '''\
spec {name}

"""What the model computes, in a sentence."""

# Sizes: read off the tensors at each call, fixed (`= 5`), or ragged (`<= 64`: padded tensors).
size n

# Groups: S(n) permutes n items; E(3) moves points in space and turns vectors with them. C(4) and
# D(4) turn and mirror images, `image[3, (h, h): R.grid]`. `S(m) wr S(n)` permutes n teams of m
# players; any finite group of matrices is `generated {{ element r = [[0, -1], [1, 0]] }}`.
group P = S(n)
group M = E(3)

# Tensors without their batch axis, in the order in which the base model takes and returns them.
# Each axis is a size and, after a colon, the representation it carries; without one it is a
# channel axis, which no group moves. Labels 0 to 4 are `kind[n: P] of 5`; a graph by its edges is
# `edges[2, e] of P`, the numbers of items; six entries of a stress are `6: sym(M.vector, 2)`; a
# force derived from an energy is `output force[n: P, 3: M.vector] = -grad(energy, pos)`.
input  pos[n: P, 3: M.point]
input  vel[n: P, 3: M.vector]
input  charge[n: P, 1]
output next[n: P, 3: M.point]

# How groups are handled. Also: average, frame, canonical, base. `symc describe` shows the stages.
# One pose a training step, the mean over 20 in eval mode: the defaults.
symmetrize M, P by probabilistic(samples=1, eval_samples=20)
'''


@click.command("new", short_help="Write a commented spec to start from.")
@click.argument("name")
@click.option("-o", "--output", help="Write here, not to NAME.sym; - is standard output.")
def command(name: str, output: str | None) -> None:
    """Write NAME.sym, a commented spec to start from."""
    from symc.syntax.parse.names import refusal

    stem = name.removesuffix(".sym")
    reason = refusal(stem)
    if reason is not None:
        # A word of Python or of the language, unlike a text with a space, is a name with a `_`.
        usable = stem.isalpha() and refusal(f"{stem}_") is None
        better = f"; try `symc new {stem}_`" if usable else ""
        raise InputError(f"{reason}{better}")
    text = _TEMPLATE.format(name=stem)
    if output == STDIN:
        say(text)
        return
    path = output or f"{stem}.sym"
    name = shown(path)
    try:
        write_new(path, text)
    except FileExistsError as error:
        raise InputError(f"`{name}` exists already and is left as it is") from error
    except OSError as error:
        raise InputError(f"cannot write `{name}`: {error.strerror}") from error
    tell(f"wrote {one_line(name)}: `symc check {one_line(name)}` checks it\n")
