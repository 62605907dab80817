"""The intermediate representation: round trips, its schema, laws of sizes and of blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symc.checking import check
from symc.ir.blocks import Narrow, Unflatten, blocks, number_of_blocks
from symc.ir.determination import determine, split
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.ir.representations import dimension
from symc.ir.rounds import settle
from symc.ir.schema import schema
from symc.ir.sizes import Size
from symc.source import Source

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.sym"))


def program(text: str) -> Program:
    result = check(Source("<text>", text))
    assert result.program is not None, [d.message for d in result.diagnostics]
    return result.program


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_programs_survive_json(path: Path) -> None:
    checked = program(path.read_text())
    assert Program.model_validate_json(checked.model_dump_json()) == checked
    assert hash(checked.inputs) == hash(Program.model_validate(checked.model_dump()).inputs)


def test_unknown_fields_and_other_versions_are_refused() -> None:
    dumped = program("input x[3]\noutput y").model_dump()
    with pytest.raises(ValueError, match="version"):
        Program.model_validate({**dumped, "version": 4})
    with pytest.raises(ValueError, match="version"):
        Program.model_validate_json(json.dumps({**dumped, "version": 0}))
    with pytest.raises(ValueError, match="surplus"):
        Program.model_validate({**dumped, "surplus": 1})


def of_version_1(path: Path) -> str:
    """What the first version wrote for this spec: without what came with the second."""

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(each) for each in value]
        if not isinstance(value, dict):
            return value
        later = ("arguments", "joint", "definition")
        return {k: without(v) for k, v in value.items() if k not in later}

    dumped = json.loads(program(path.read_text()).model_dump_json())
    return json.dumps({**without(dumped), "version": 1})


RULED = [
    path
    for path in SPECS
    if not any(g.facts.tabled or g.family == "wr" for g in program(path.read_text()).groups)
]


@pytest.mark.parametrize("path", RULED, ids=lambda path: path.stem)
def test_the_first_version_is_read(path: Path) -> None:
    """As JSON, as bytes and as a dict: the same program, of this version."""
    checked, old = program(path.read_text()), of_version_1(path)
    assert '"arguments"' not in old
    assert Program.model_validate_json(old) == checked
    assert Program.model_validate_json(old.encode()) == checked
    assert Program.model_validate(json.loads(old)) == checked
    assert Program.model_validate_json(old).version == 3


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_second_version_is_read(path: Path) -> None:
    """It had no groups that a spec defines itself."""
    checked = program(path.read_text())
    dumped = json.loads(checked.model_dump_json())
    for group in dumped["groups"]:
        if group["definition"]:
            return
        del group["definition"]
    old = json.dumps({**dumped, "version": 2})
    assert Program.model_validate_json(old) == checked
    assert Program.model_validate(json.loads(old)) == checked


def test_a_file_of_the_first_version_is_read() -> None:
    """One that 0.1.0 wrote before there were arguments and joint axes."""
    text = (ROOT / "tests" / "goldens" / "files" / "nbody.version1.json").read_text()
    assert json.loads(text)["version"] == 1
    # The net that it names was the default.
    lines = "\nsymmetrize M by probabilistic\nsymmetrize P by probabilistic(net=gin)"
    named = (ROOT / "specs/nbody.sym").read_text() + lines
    found, expected = Program.model_validate_json(text), program(named)
    stages = [stage.model_copy(update={"explicit": False}) for stage in expected.stages]
    assert found.stages == tuple(stages)
    assert found.model_copy(update={"stages": expected.stages}) == expected


@pytest.mark.parametrize("wrong", ["", "[1]", "{", '{"version": 1}', '{"version": "1"}', "1"])
def test_what_is_no_program_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="Program"):
        Program.model_validate_json(wrong)


def test_joint_axes_and_arguments_survive_json() -> None:
    text = "group R = D(4)\ninput x[3, (h, h): R.grid]\ninput v[_: R.irrep(1)]\noutput y"
    checked = program(text)
    assert Program.model_validate_json(checked.model_dump_json()) == checked
    said = json.loads(checked.model_dump_json())
    image, vector = said["inputs"][0]["axes"][1], said["inputs"][1]["axes"][0]
    assert len(image["joint"]) == 2
    assert image["representation"]["arguments"] == image["joint"]
    assert len(vector["representation"]["arguments"]) == 1
    assert vector["joint"] == []


def test_the_schema_describes_what_is_written() -> None:
    """Every field of what is written is in the schema, and what it wants is there."""
    text = (
        "group R = D(4)\ninput x[3, (h, h): R.grid, n: S(n)]\ninput v[_: R.irrep(1) + R]\noutput y"
    )
    definitions = json.loads(schema())["$defs"]

    def follow(value: Any, wanted: dict[str, Any]) -> None:
        if "$ref" in wanted:
            wanted = definitions[wanted["$ref"].rpartition("/")[2]]
        if "oneOf" in wanted or "anyOf" in wanted:
            options = wanted.get("oneOf") or wanted["anyOf"]
            kind = value.get("kind") if isinstance(value, dict) else None
            for option in options:
                found = definitions.get(option.get("$ref", "").rpartition("/")[2], option)
                if kind is None or found.get("properties", {}).get("kind", {}).get("const") == kind:
                    return follow(value, found) if kind is not None else None
            raise AssertionError(f"{value} is none of {options}")
        if isinstance(value, dict) and "properties" in wanted:
            assert value.keys() <= wanted["properties"].keys()
            assert set(wanted.get("required", ())) <= value.keys()
            for name, each in value.items():
                follow(each, wanted["properties"][name])
        elif isinstance(value, list) and isinstance(wanted.get("items"), dict):
            for each in value:
                follow(each, wanted["items"])
        return None

    follow(json.loads(program(text).model_dump_json()), json.loads(schema()))


def test_the_exported_schema_is_current() -> None:
    """`python -m symc.ir.schema > docs/ir.schema.json` writes it."""
    assert (ROOT / "docs" / "ir.schema.json").read_text() == schema()


leaves = st.one_of(st.integers(-5, 5).map(Size.constant), st.sampled_from("abc").map(Size.variable))
sizes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        inner.map(lambda s: -s),
    ),
    max_leaves=5,
)
values = st.fixed_dictionaries({name: st.integers(1, 6) for name in "abc"})


def at(size: Size, numbers: dict[str, int]) -> int:
    value = size.substitute({name: Size.constant(n) for name, n in numbers.items()}).value
    assert value is not None
    return value


@given(sizes, sizes, sizes, values)
@settings(max_examples=80, deadline=None)
def test_sizes_are_a_commutative_ring(a: Size, b: Size, c: Size, numbers: dict[str, int]) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert a * (b + c) == a * b + a * c
    assert (a - a).value == 0
    assert at(a * b + c, numbers) == at(a, numbers) * at(b, numbers) + at(c, numbers)


@given(sizes, values)
@settings(max_examples=80, deadline=None)
def test_sizes_read_as_what_they_are(size: Size, numbers: dict[str, int]) -> None:
    assert eval(str(size).replace("^", "**"), {}, dict(numbers)) == at(size, numbers)  # python's
    parts = split(size, "a")
    total = sum(at(part, numbers) * numbers["a"] ** power for power, part in parts.items())
    assert total == at(size, numbers)
    assert all("a" not in part.names for part in parts.values())


def test_sizes_in_several_powers_are_determined_where_they_grow() -> None:
    x = program("input x[n^2 + n]\ninput w[n]\noutput y").inputs[0]
    (told,) = determine([x], ())
    assert (told.name, told.several) == ("n", x.axes[0].size)
    for size in ("n^2 - 4*n + 9", "n^3 - 6*n^2 + 11*n", "n^2 + n*m"):
        x = program(f"input x[{size}]\ninput w[n, m]\noutput y").inputs[0]
        assert determine([x], ()) == ()


def test_determined_sizes_come_in_an_order_that_can_be_solved() -> None:
    checked = program("input x[2*n + m, n*k]\ninput y[n + 1, k^2]\noutput z")
    known: dict[str, int] = {}
    true = {"n": 3, "m": 4, "k": 5}
    for entry in determine(checked.inputs, ()):
        tensor = next(t for t in checked.inputs if t.name == entry.tensor)
        length = at(tensor.axes[entry.axis].size, true)
        assert (entry.factor.names | entry.rest.names) <= known.keys()
        power = (length - at(entry.rest, known)) / at(entry.factor, known)
        known[entry.name] = round(power ** (1 / entry.power))
    assert known == true


BLOCKS = [
    ("x[4: 2*O(2)]", 1),
    ("x[_: 3*O(2).scalar + 2*O(2)]", 2),
    ("x[_: (O(2) + O(2).pseudoscalar)*(O(2) + O(2).scalar)]", 4),
    ("x[_: 2*(O(2) + S(3)^2)*S(3), _: O(2) + S(3)]", 4),
    ("x[_: (O(2) + O(2).scalar)^3, 5]", 8),
    ("x[_: 3*O(2).scalar + O(2) + 2*O(2) + S(3)]", 4),
]


@pytest.mark.parametrize(("declared", "count"), BLOCKS)
def test_blocks_cover_each_entry_once(declared: str, count: int) -> None:
    checked = program(f"input {declared}\ninput s[n: S(3)]\ninput v[2: O(2)]\noutput y")
    tensor = checked.inputs[0]
    shape = [at(axis.size, {"n": 3}) for axis in tensor.axes]
    entries = torch.arange(prod(shape)).reshape(shape)
    found = []
    for block in blocks(tensor, checked.groups):
        view = entries
        for step in block.steps:
            match step:
                case Unflatten(axis=axis, sizes=parts):
                    view = view.unflatten(axis, [at(part, {}) for part in parts])
                case Narrow(axis=axis, start=start, length=length):
                    view = view.narrow(axis, at(start, {}), at(length, {}))
        assert list(view.shape) == [at(axis.size, {}) for axis in block.axes]
        found.append(view.flatten())
    assert len(found) == count
    assert torch.equal(torch.cat(found).sort().values, entries.flatten())


def test_signs_count_modulo_two_and_shifts_move_no_vector() -> None:
    checked = program(
        "group M = E(3)\ngroup T1 = T(2)\n"
        "input x[1: M.pseudoscalar*M.pseudoscalar, 3: M.pseudovector]\n"
        "input even[1: M.pseudoscalar, 3: M.pseudovector]\n"
        "input p[n: S(n), 3: M.point]\ninput t[2: T1.point]\ninput u[2: T1.vector]\noutput y"
    )
    x, even, p, t, u = (blocks(tensor, checked.groups)[0] for tensor in checked.inputs)
    assert x.characters == {"M"}
    assert x.natural_axes("M") == (2,)
    assert even.characters == frozenset()
    assert (p.affine, p.natural_axes("M"), p.natural_axes("S(n)")) == ("M", (1,), (0,))
    assert (t.affine, t.natural_axes("T1")) == ("T1", (0,))
    assert (u.affine, u.natural_axes("T1"), u.axes[0].kind) == (None, (), "trivial")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_tensors_are_written_as_a_spec_that_means_the_same(path: Path) -> None:
    checked = program(path.read_text())
    lines = [f"group {g.name} = {g.constructor}" for g in checked.groups if not g.inline]
    for size in checked.sizes:
        known = f" = {size.value}" if size.value else f" <= {size.bound}" if size.bound else ""
        lines.append(f"size {size.name}{known}")
    lines += [f"input {written(t, checked.groups)}" for t in checked.inputs]
    lines += [f"output {written(t, checked.groups)}" for t in checked.outputs]
    again = program("\n".join(lines))
    assert again.inputs == checked.inputs
    assert again.outputs == checked.outputs


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_axes_are_as_long_as_what_they_carry(path: Path) -> None:
    checked = program(path.read_text())
    fixed = {v.name: Size.constant(v.value) for v in checked.sizes if v.value is not None}
    for tensor in (*checked.inputs, *checked.outputs):
        for axis in tensor.axes:
            carried = dimension(axis.representation).substitute(fixed)
            assert axis.size.substitute(fixed) == carried


@given(
    st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=4), max_size=12),
    st.sets(st.sampled_from("abcdefgh"), max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_rounds_settle_what_going_over_all_again_and_again_does(
    entries: list[set[str]], known: set[str]
) -> None:
    """An entry tells its one unknown name, as a size is told by an axis; in the same order."""

    def deciding(log: list[tuple[int, str]], found: set[str]) -> Callable[[int], list[str] | None]:
        def decide(place: int) -> list[str] | None:
            unknown = entries[place] - found
            if len(unknown) > 1:
                return None
            log.extend((place, name) for name in unknown)
            found.update(unknown)
            return list(unknown)

        return decide

    mine: list[tuple[int, str]] = []
    left = settle(entries, deciding(mine, set(known)))
    plain: list[tuple[int, str]] = []
    decide = deciding(plain, set(known))
    waiting = list(range(len(entries)))
    while True:
        later = [place for place in waiting if decide(place) is None]
        if len(later) == len(waiting):
            break
        waiting = later
    assert mine == plain
    assert left == waiting


def test_a_long_chain_is_looked_at_once_an_entry() -> None:
    number = 5000
    looked = 0
    known = {f"n{number}"}

    def decide(place: int) -> list[str] | None:
        nonlocal looked
        looked += 1
        if f"n{place + 1}" not in known:
            return None
        known.add(f"n{place}")
        return [f"n{place}"]

    assert settle([{f"n{i}", f"n{i + 1}"} for i in range(number)], decide) == []
    assert looked <= 2 * number


def test_blocks_are_counted_as_they_are_made() -> None:
    text = "input x[_: (O(2) + O(2).scalar)^3, _: 2*(O(2) + O(2)*O(2)), 4]\ninput w[3]\noutput y"
    checked = program(text)
    for tensor in checked.inputs:
        assert number_of_blocks(tensor) == len(blocks(tensor, checked.groups))
