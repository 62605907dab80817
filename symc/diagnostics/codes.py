"""Every diagnostic code with its severity and title; the long texts lie in `explanations/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Code:
    """A diagnostic code: `title` says in a few words what is wrong in general."""

    title: str
    severity: Severity = "error"


CODES: dict[str, Code] = {
    # 1xx syntax
    "SYM101": Code("a character that no token starts with"),
    "SYM102": Code("a token that cannot stand here"),
    "SYM103": Code("a bracket or quote that is not closed"),
    "SYM104": Code("a statement that does not exist"),
    "SYM105": Code("`spec` or its docstring in the wrong place"),
    "SYM106": Code("a name that cannot be used"),
    "SYM107": Code("a number that cannot be used"),
    "SYM108": Code("a spec too large or nested too deeply"),
    "SYM109": Code("a file that cannot be read as UTF-8 text"),
    "SYM110": Code("a folder without a spec", "warning"),
    # 2xx names and sizes
    "SYM201": Code("a name that is not declared"),
    "SYM202": Code("a name that is declared twice"),
    "SYM203": Code("sizes that contradict each other"),
    "SYM204": Code("a name of the wrong kind"),
    "SYM205": Code("a size out of range"),
    "SYM206": Code("an axis whose size nothing tells"),
    "SYM207": Code("a size computed from a ragged one"),
    "SYM208": Code("a spec without an input or without an output"),
    "SYM209": Code("a size that only a representation's dimension fixes", "warning"),
    "SYM210": Code("a batch axis, which is not declared", "warning"),
    # 3xx groups and representations
    "SYM301": Code("a representation whose dimension is not the size of its axis"),
    "SYM302": Code("a group that does not exist"),
    "SYM303": Code("a representation that the group does not have"),
    "SYM304": Code("arguments that a group or representation does not take"),
    "SYM305": Code("a group without a bare name"),
    "SYM306": Code("a point in a product that has no meaning"),
    "SYM307": Code("an output point without an input point"),
    "SYM308": Code("a group that no input carries"),
    "SYM309": Code("an inline group that equals a named one"),
    "SYM310": Code("a product written as one group"),
    "SYM311": Code("labels on a representation that is not a permutation"),
    "SYM312": Code("sizes and representations mixed up"),
    "SYM313": Code("a representation on the wrong number of axes"),
    "SYM314": Code("quarter turns of an image that is not square"),
    "SYM315": Code("labels of a group that has no items"),
    "SYM320": Code("generators that are no square matrices of one size"),
    "SYM321": Code("a matrix entry that is no exact real number"),
    "SYM322": Code("a singular matrix among generators"),
    "SYM323": Code("a relation that does not hold"),
    "SYM324": Code("generators of infinitely many elements"),
    "SYM325": Code("a generator that is not orthogonal"),
    "SYM326": Code("generators of too many elements"),
    "SYM327": Code("a relation that is no product of elements"),
    "SYM330": Code("a derived output that is no gradient"),
    "SYM331": Code("a gradient that does not exist"),
    "SYM332": Code("a derived output whose axes are not those of its gradient"),
    # 4xx proofs
    "SYM401": Code("a size that no tensor determines"),
    "SYM402": Code("an output that is always zero"),
    "SYM403": Code("an output that is confined to a subspace", "warning"),
    "SYM404": Code("`canonical` where no one element is defined"),
    "SYM405": Code("a group, or a part of it, that moves nothing", "warning"),
    "SYM406": Code("more elements than are enumerated", "note"),
    "SYM407": Code("`canonical` with a net that does not see enough", "warning"),
    "SYM410": Code("a gradient past elements that jump", "warning"),
    # 5xx methods and options
    "SYM501": Code("a method that does not exist"),
    "SYM502": Code("a method that this group does not allow"),
    "SYM503": Code("a frame that these inputs do not have"),
    "SYM504": Code("an option that does not exist"),
    "SYM505": Code("an option out of range"),
    "SYM506": Code("two numbers of samples in one spec"),
    "SYM507": Code("a group that is symmetrized twice"),
    "SYM508": Code("a net that does not exist or does not fit the group"),
    "SYM509": Code("an anchor that cannot anchor"),
    "SYM510": Code("a `symmetrize` line that is left with no group"),
    "SYM511": Code("an option without effect", "warning"),
    "SYM512": Code("many elements that are all taken at each call", "note"),
    # 9xx not available yet
    "SYM901": Code("a group that is not available yet"),
    "SYM902": Code("a wreath product of other groups than S(m) and S(n)"),
    "SYM903": Code("`lie` groups are not available yet"),
    "SYM905": Code("irreducible representations are not available yet"),
    "SYM909": Code("reference inputs are not available yet"),
    "SYM910": Code("sampled outputs are not available yet"),
    "SYM911": Code("`relax` is not available yet"),
    "SYM912": Code("a method that is not available yet"),
}
