"""The simulator of the n-body example keeps the laws of physics."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from simulation import (
    LARGEST_FORCE,
    SPEED,
    STEP,
    State,
    accelerations,
    energy,
    initial_state,
    simulate,
)


def _start(batch: int = 64, seed: int = 0, particles: int = 5) -> State:
    return initial_state(batch, particles, torch.Generator().manual_seed(seed))


def _after(start: State, steps: int, *, step: float = STEP, chunk: int = 1000) -> State:
    position, velocity = simulate(start, [steps], step=step, chunk=chunk)
    return State(position[0], velocity[0], start.charge)


def test_the_start_is_drawn_as_in_the_papers() -> None:
    start = _start(4000)
    assert start.position.shape == start.velocity.shape == (4000, 5, 3)
    assert abs(start.position.mean().item()) < 0.02
    assert abs(start.position.std().item() - 1.0) < 0.02
    torch.testing.assert_close(
        start.velocity.norm(dim=-1), torch.full((4000, 5), SPEED, dtype=torch.float64)
    )
    assert abs(start.velocity.mean().item()) < 0.01
    assert set(start.charge.flatten().tolist()) == {-1.0, 1.0}
    assert abs(start.charge.mean().item()) < 0.03


def test_one_seed_gives_one_trajectory_whatever_the_chunks() -> None:
    first, same, other = (
        _after(_start(), 50),
        _after(_start(), 50, chunk=7),
        _after(_start(seed=1), 50),
    )
    torch.testing.assert_close(first.position, same.position, rtol=0, atol=1e-12)
    assert torch.equal(first.position, _after(_start(), 50).position)
    assert not torch.allclose(first.position, other.position)


def test_like_charges_repel_with_the_inverse_square() -> None:
    apart = torch.tensor([[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]], dtype=torch.float64)
    for charges, sign in (([1.0, 1.0], -1.0), ([-1.0, -1.0], -1.0), ([1.0, -1.0], 1.0)):
        force = accelerations(apart, torch.tensor([charges], dtype=torch.float64))
        torch.testing.assert_close(force[0, 0], sign * torch.tensor([0.25, 0, 0]).double())
        torch.testing.assert_close(force[0, 1], -force[0, 0])


def test_the_force_is_the_gradient_of_the_energy_inside_the_core_too() -> None:
    start = _start(8)
    position = torch.cat([start.position, 0.03 * start.position]).requires_grad_()
    charge = start.charge.repeat(2, 1)
    total = energy(State(position, torch.zeros_like(position), charge)).sum()
    (gradient,) = torch.autograd.grad(total, position)
    forces = accelerations(position.detach(), charge)
    torch.testing.assert_close(forces, -gradient)
    pair = torch.tensor([[[0.0, 0, 0], [0.01, 0, 0]]]).double()
    clamped = accelerations(pair, torch.ones(1, 2).double())
    assert clamped.norm(dim=-1).flatten().tolist() == pytest.approx([LARGEST_FORCE] * 2)


def test_the_integrator_agrees_with_the_written_out_step() -> None:
    """Kick-drift-kick with `accelerations`, which sums pairs in another way."""
    scattered, step = _start(8), 0.001
    # The second half starts inside the core, where the force is clamped.
    start = State(
        torch.cat([scattered.position, 0.03 * scattered.position]),
        scattered.velocity.repeat(2, 1, 1),
        scattered.charge.repeat(2, 1),
    )
    position, velocity = start.position, start.velocity
    for _ in range(20):
        velocity = velocity + 0.5 * step * accelerations(position, start.charge)
        position = position + step * velocity
        velocity = velocity + 0.5 * step * accelerations(position, start.charge)
    end = _after(start, 20)
    torch.testing.assert_close(end.position, position, rtol=0, atol=1e-12)
    torch.testing.assert_close(end.velocity, velocity, rtol=0, atol=1e-12)


def test_energy_hardly_drifts_and_less_with_a_smaller_step() -> None:
    start = _start(200)

    def drift(step: float, steps: int) -> Tensor:
        return (energy(_after(start, steps, step=step)) - energy(start)).abs()

    coarse, fine = drift(0.001, 400), drift(0.0005, 800)
    assert coarse.median() < 1e-5
    # Second order: half the step leaves a quarter of the error. Single systems scatter.
    assert fine.median() < 0.5 * coarse.median()
    kinetic = 0.5 * _after(start, 400).velocity.square().sum((1, 2))
    assert (kinetic - 0.5 * start.velocity.square().sum((1, 2))).abs().median() > 0.05


def test_momentum_and_angular_momentum_stay() -> None:
    start = _start()
    end = _after(start, 500)
    assert (end.velocity - start.velocity).abs().amax() > 0.1
    torch.testing.assert_close(end.velocity.sum(1), start.velocity.sum(1), rtol=0, atol=1e-11)

    def spin(state: State) -> Tensor:
        return state.position.cross(state.velocity, dim=-1).sum(1)

    torch.testing.assert_close(spin(end), spin(start), rtol=0, atol=1e-10)


def test_backwards_in_time_returns_to_the_start() -> None:
    start = _start()
    end = _after(start, 300)
    back = _after(State(end.position, -end.velocity, start.charge), 300)
    assert (end.position - start.position).abs().amax() > 0.1
    # Close encounters amplify rounding, so most systems return to it and all come near.
    error = (back.position - start.position).abs().amax(dim=(1, 2))
    assert error.median() < 1e-12
    assert error.amax() < 1e-6


def test_the_motion_is_equivariant_under_rotation_reflection_and_relabelling() -> None:
    start = _start(16)
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = State(
        (start.position @ rotation.mT + 5.0)[:, order],
        (start.velocity @ rotation.mT)[:, order],
        start.charge[:, order],
    )
    expected = (_after(start, 200).position @ rotation.mT + 5.0)[:, order]
    error = (_after(moved, 200).position - expected).abs().amax(dim=(1, 2))
    assert error.median() < 1e-12
    assert error.amax() < 1e-6


def test_frames_are_states_on_one_way_and_progress_counts_steps() -> None:
    start = _start(10)
    told: list[int] = []
    position, velocity = simulate(start, [0, 30, 80], chunk=4, progress=told.append)
    assert position.shape == (3, 10, 5, 3)
    torch.testing.assert_close(position[0], start.position)
    middle = State(position[1], velocity[1], start.charge)
    torch.testing.assert_close(_after(middle, 50).position, position[2], rtol=0, atol=1e-9)
    assert sum(told) == 10 * 80
