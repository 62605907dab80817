"""Groups by the names that papers and other libraries give them: `SO3`, `S_n`, `rotation`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symc.checking import pending
from symc_runtime.catalogue import compiled_groups
from symc_runtime.catalogue import groups as families

_SYMBOL = re.compile(r"([A-Za-z]{1,3}?)_?([0-9]{1,9}|[nNdDkK])?")
_FLIPS = re.compile(r"[Zz]_?2(?:_([1-9][0-9]{0,8}|[nNdDkK]))?")
"""`Z2_3`; `Z23` is a cyclic group."""

_WORDS = {
    "S": "permutation permutations permute perm perms sym symmetric symmetricgroup symm shuffle",
    "O": "orthogonal orthogonalgroup reflection reflections rotoreflection mirror",
    "SO": "rotation rotations rotate rot rots specialorthogonal rotationgroup",
    "E": "euclidean euclid euclideangroup isometry isometries",
    "SE": "specialeuclidean rigid rigidmotion rigidmotions rigidbody rototranslation",
    "T": "translation translations translate trans translationgroup",
    "C": "cyclic cyclicgroup cyc rot90 rot90s quarterturn quarterturns",
    "D": "dihedral dihedralgroup",
    "Z2": "sign signs signflip signflips flip flips",
    "U": "unitary unitarygroup",
    "SU": "specialunitary",
    "SO(1,3)": "lorentz lorentzgroup",
}
_BY_WORD = {word: symbol for symbol, words in _WORDS.items() for word in words.split()}
_KNOWN_PARAMETER = {"rot90": "4", "rot90s": "4", "quarterturn": "4", "quarterturns": "4"}
_MATRIX_GROUPS = ("GL", "SL", "SP", "PGL", "PSL", "AFF")


@dataclass(frozen=True)
class Familiar:
    """What a name means elsewhere: a group's `symbol`, and its parameter where the name tells it.

    `spelt`: the name is the symbol itself with its parameter, `SO3`, and no word as `rotation` is.
    """

    symbol: str
    parameter: str | None
    spelt: bool

    @property
    def available(self) -> bool:
        """Whether the language has the group and this version does, too."""
        return self.symbol in compiled_groups()

    def written(self, size: str | None = None) -> str:
        """The group as a spec writes it; `size`: that of the axis, for a name that tells none."""
        if "(" in self.symbol:
            return self.symbol
        usual = families()[self.symbol].parameter if self.available else "k"
        usual = "d" if self.symbol in ("U", "SU") else usual
        return f"{self.symbol}({self.parameter or size or usual})"

    def advice(self, size: str | None, available: str) -> str:
        """What to write, as a help text; `available`: the groups that there are."""
        if self.available:
            return f"did you mean `{self.written(size)}`?"
        if self.symbol in _MATRIX_GROUPS:
            return f"no group of the language is `{self.symbol}`; available: {available}"
        if self.symbol == "A" and "A" not in families():
            return f"no group of the language is alternating; available: {available}"
        title = pending.title(self.symbol)
        return (
            f"{title} is written `{self.written(size)}`, and is not available yet; "
            f"available now: {available}"
        )


def familiar(name: str) -> Familiar | None:
    """The group that a name means in papers and in other libraries; None where it means none."""
    folded = name.lower().replace("_", "")
    bare = folded.rstrip("0123456789")
    for word in (folded, bare):
        if word in _BY_WORD:
            parameter = _KNOWN_PARAMETER.get(word) or folded[len(word) :] or None
            return Familiar(_BY_WORD[word], parameter, spelt=False)
    return _symbol(name, folded)


def _symbol(name: str, folded: str) -> Familiar | None:
    """`SO3`, `S_n`, `so3`: a symbol with its parameter."""
    flips = _FLIPS.fullmatch(name)
    if flips is not None:
        return Familiar("Z2", flips[1] and flips[1].lower(), spelt=True)
    found = _SYMBOL.fullmatch(name)
    if found is None:
        return None
    symbol, parameter = found[1].upper(), found[2]
    if parameter is None or not (parameter.isdigit() or found[1] == symbol or folded == "sn"):
        return None  # a bare `SO` has a message of its own; `on` is a word before it is a group
    if parameter.isdigit() and int(parameter) < 1:
        return None
    symbol = "C" if symbol == "Z" else symbol
    known = families().keys() | pending.GROUPS | {*_MATRIX_GROUPS, "A"}
    return Familiar(symbol, parameter.lower(), spelt=True) if symbol in known else None
