"""Functions f6 to f14 of BBOB: unimodal, of low to high condition (Hansen et al. 2009, INRIA research report 6829)."""

import numpy as np

from problems.bbob.frames import Frame, Landscape, Map
from problems.bbob.transforms import (
    TINY,
    conditioning,
    dot,
    oscillate,
    round_half_up,
    squares,
    steps,
)
from problems.numbers import FloatArray


def attractive_sector(frame: Frame) -> Landscape:
    """f6: steep by a factor of 1e4 in all but one orthant."""
    x_opt, weights = frame.optimum(), frame.full(frame.scale)
    first, second = frame.rotations()
    turn = frame.chain(first, conditioning(frame.n, 10.0), second)

    def value(x: FloatArray) -> FloatArray:
        z = turn(x - x_opt)
        steep = oscillate(squares(z * np.where(z * x_opt > 0.0, 100.0, 1.0), weights))
        return np.power(steep + TINY, 0.9)

    return Landscape(value, x_opt)


def step_ellipsoid(frame: Frame) -> Landscape:
    """f7: plateaus everywhere, so that its gradient is zero almost everywhere."""
    x_opt, scales = frame.optimum(), conditioning(frame.n, 10.0)
    first, second = frame.rotations()
    weights, edge = 0.1 * frame.scale * 100.0 ** steps(frame.n), 0.1 * frame.scale * frame.step_edge

    def value(x: FloatArray) -> FloatArray:
        h = scales * first(x - x_opt)
        rounded = np.where(np.abs(h) > 0.5, round_half_up(h), round_half_up(10.0 * h) / 10.0)
        return np.maximum(edge * np.abs(h[..., 0]), squares(second(rounded), weights))

    return Landscape(frame.penalise(value, 1.0), x_opt, differentiable=False)


def valley_scale(frame: Frame) -> float:
    """Factor max(1, sqrt(n) / 8) by which Rosenbrock's valley is squeezed in high dimension."""
    return max(1.0, float(np.sqrt(frame.block)) / 8.0)


def _valley(frame: Frame) -> Map:
    bends, ends = np.full(frame.n - 1, 100.0 * frame.scale), np.full(frame.n - 1, frame.scale)

    def value(z: FloatArray) -> FloatArray:
        here = z[..., :-1]
        return squares(here * here - z[..., 1:], bends) + squares(here - 1.0, ends)

    return value


def rosenbrock(frame: Frame) -> Landscape:
    """f8: a banana-shaped valley."""
    x_opt, factor, valley = 0.75 * frame.optimum(), valley_scale(frame), _valley(frame)
    return Landscape(lambda x: valley(factor * (x - x_opt) + 1.0), x_opt)


def rosenbrock_rotated(frame: Frame) -> Landscape:
    """f9: the valley of f8, turned."""
    (turn,) = frame.rotations()
    factor, valley = valley_scale(frame), _valley(frame)
    x_opt = frame.valley_optimum(turn, factor)
    return Landscape(lambda x: valley(factor * turn(x - x_opt) + 1.0), x_opt)


def ellipsoid_rotated(frame: Frame, condition: float = 1e6) -> Landscape:
    """f10: f2, turned."""
    x_opt, weights = frame.optimum(), frame.scale * condition ** steps(frame.n)
    (turn,), moved = frame.rotations(), frame.less(x_opt)
    return Landscape(lambda x: squares(oscillate(turn(moved(x))), weights), x_opt)


def discus(frame: Frame) -> Landscape:
    """f11: one direction a thousand times steeper than the others."""
    x_opt = frame.optimum()
    weights = frame.scale * np.where(np.arange(frame.n) < frame.special, 1e6, 1.0)
    (turn,), moved = frame.rotations(), frame.less(x_opt)
    return Landscape(lambda x: squares(oscillate(turn(moved(x))), weights), x_opt)


def bent_cigar(frame: Frame) -> Landscape:
    """f12: a narrow ridge that is bent. COCO's code draws its optimum from the seed of the rotation."""
    x_opt = frame.optimum(1_000_000)
    weights = frame.scale * np.where(np.arange(frame.n) < frame.special, 1.0, 1e6)
    moved, bent = frame.less(x_opt), frame.bent(0.5 * steps(frame.n))
    first, second = frame.rotations()
    return Landscape(lambda x: squares(second(bent(first(moved(x)))), weights), x_opt)


def sharp_ridge(frame: Frame) -> Landscape:
    """f13: a ridge along which the function falls slowly and beside which it is not smooth."""
    x_opt = frame.optimum()
    first, second = frame.rotations()
    turn = frame.chain(first, conditioning(frame.n, 10.0), second)
    along = np.where(np.arange(frame.n) < frame.special, frame.scale, 0.0)
    across = np.where(np.arange(frame.n) < frame.special, 0.0, (100.0 * frame.scale) ** 2)

    def value(x: FloatArray) -> FloatArray:
        z = turn(x - x_opt)
        q = z * z
        return dot(along, q) + np.sqrt(dot(across, q) + TINY)

    return Landscape(value, x_opt)


def different_powers(frame: Frame) -> Landscape:
    """f14: powers from 2 to 6."""
    x_opt, raised, weights = frame.optimum(), frame.raised(2.0 + 4.0 * steps(frame.n)), frame.full(frame.scale**2)
    (turn,) = frame.rotations()
    return Landscape(lambda x: np.sqrt(dot(weights, raised(np.abs(turn(x - x_opt)))) + TINY), x_opt)
