"""Is the symmetry of one spec that of another, part of it, or neither? Exact, without tensors.

Two specs are compared as groups of maps of the tensors that they have in common: the image of the
product of their groups on the direct sum of those tensors. How groups are called does not matter.
"""

from symc.comparison.compare import compare
from symc.comparison.model import Comparison

__all__ = ["Comparison", "compare"]
