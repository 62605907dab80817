"""The groups of a spec: named ones, each a copy of its own, and inline ones, equal by value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from symc.checking.equations import SizeTable
from symc.checking.report import Report, listed
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Parameter
from symc.source import Span
from symc_runtime.catalogue import compiled_groups
from symc_runtime.generators import facts_of

MAXIMUM = 32
"""More groups than this in a spec are refused: each is a stage, and proofs tie all of them."""


_Key = tuple[str, Parameter, tuple[str, ...]]
"""What equal groups have in common: family, parameter, definition."""


def available() -> str:
    """`S(n)`, `O(d)` ...: every constructor there is, for messages."""
    return listed(facts.usage for facts in compiled_groups().values())


@dataclass
class GroupTable:
    """Group instances by name, with the place where each begins.

    `taken`: every name in the text, which identifiers must not collide with. `failed`: named
    groups whose declaration is wrong: what depends on them is not reported again.
    """

    taken: Collection[str]
    instances: dict[str, GroupInstance] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    _identifiers: set[str] = field(default_factory=set)
    _equal: dict[_Key, list[str]] = field(default_factory=dict)

    def name(self, name: str, group: GroupInstance, span: Span) -> None:
        """Declare a named group; `group` gives its family and parameter."""
        named = group.model_copy(update={"name": name, "identifier": name, "inline": False})
        self._add(named, span)

    def _add(self, group: GroupInstance, span: Span) -> None:
        self.instances[group.name] = group
        self.places[group.name] = span
        self._identifiers.add(group.identifier)
        key = group.family, group.parameter, group.definition
        self._equal.setdefault(key, []).append(group.name)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Inside, the table is empty, and what is put into it is forgotten at the end."""
        before = (self.instances, self.places, self._identifiers, self._equal)
        self.instances, self.places, self._identifiers, self._equal = {}, {}, set(), {}
        try:
            yield
        finally:
            self.instances, self.places, self._identifiers, self._equal = before

    def inline(
        self,
        family: str,
        parameter: Parameter,
        span: Span,
        report: Report,
        definition: tuple[str, ...] = (),
    ) -> GroupInstance:
        """The instance that `family(parameter)` means where it is written inline."""
        key = family, parameter, definition
        equal = [self.instances[name] for name in self._equal.get(key, ())]
        for group in equal:
            if group.inline:
                return group
        written = facts_of(family, definition).written(str(parameter))
        if definition:
            written = report.excerpt(span)
        if equal:
            names = [group.name for group in equal]
            report.error(
                "SYM309",
                span,
                f"`{written}` equals {listed(names)}, but written inline it would be a second, "
                "independent copy",
                help=f"write {listed(names, 'or')}",
                fix=names[0] if len(names) == 1 else None,
                related=[Related(self.places[names[0]], f"`{names[0]}` is declared here")],
            )
            return equal[0]
        group = self.anonymous(family, parameter, definition)
        self._add(group, span)
        return group

    def anonymous(
        self, family: str, parameter: Parameter, definition: tuple[str, ...] = ()
    ) -> GroupInstance:
        """An inline group that is not in the table."""
        called = name = facts_of(family, definition).written(str(parameter))
        number = 2
        while name in self.instances:
            # Of other matrices, by the same names.
            name, number = f"{called} {number}", number + 1
        identifier = re.sub(r"\W+", "_", name).strip("_")
        while identifier in self._identifiers or identifier in self.taken:
            identifier += "_"
        return GroupInstance(
            name=name,
            identifier=identifier,
            family=family,
            parameter=parameter,
            inline=True,
            definition=definition,
        )

    def ordered(self) -> tuple[GroupInstance, ...]:
        """All groups in the order of the text."""
        return tuple(sorted(self.instances.values(), key=lambda group: self.places[group.name]))

    def refuse_too_many(self, report: Report) -> None:
        """Report the first group that is one too many."""
        groups = self.ordered()
        if len(groups) > MAXIMUM:
            report.error(
                "SYM108",
                self.places[groups[MAXIMUM].name],
                f"a spec may have {MAXIMUM} groups, and here begins another one",
                help="independent copies of a group are declared only where axes move apart",
            )

    def refuse_copies(self, sizes: SizeTable, report: Report) -> None:
        """Report inline groups that turn out equal to others once the sizes are known."""
        first: dict[_Key, GroupInstance] = {}
        ordered = sorted(self.ordered(), key=lambda group: group.inline)
        for group in ordered:
            key = group.family, sizes.resolved(group.parameter), group.definition
            other = first.setdefault(key, group)
            if other is group or not group.inline or other.parameter == group.parameter:
                continue
            names = sorted((group.parameter.names | other.parameter.names) & sizes.fixed.keys())
            related = [Related(self.places[other.name], f"`{other.name}` is here")]
            related += [Related(sizes.fixed[n].span, sizes.fixed[n].message) for n in names]
            report.error(
                "SYM309",
                self.places[group.name],
                f"`{group.name}` equals `{other.name}`, but written so it would be a second, "
                "independent copy",
                help=f"write `{other.name}`",
                related=related,
            )
