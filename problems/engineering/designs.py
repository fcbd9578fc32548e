"""Four machine parts: cost on the last axis, (..., n) -> (...), and constraints g(x) <= 0, (..., n) -> (..., m).

The formulations are those with which the best-known values of the literature were computed; papers differ in details of
the welded beam and the speed reducer, so each docstring says which one stands here.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _columns(x: Any) -> list[Any]:
    return [x[..., i] for i in range(x.shape[-1])]


def welded_beam(x: Any) -> Any:
    """Cost of a welded beam: x = (weld height h, weld length l, beam height t, beam width b), inches.

    Ragsdell & Phillips 1976, J. Engineering for Industry 98; form of Coello Coello 2000, Computers in Industry 41.
    """
    h, l, t, b = _columns(x)
    return 1.10471 * h * h * l + 0.04811 * t * b * (14.0 + l)


def welded_beam_limits(x: Any) -> Any:
    """Shear stress, bending stress, geometry, cost of the weld, least height, deflection, buckling."""
    h, l, t, b = _columns(x)
    load, length, modulus, shear_modulus = 6000.0, 14.0, 30e6, 12e6
    direct = load / (np.sqrt(2.0) * h * l)
    moment = load * (length + l / 2.0)
    radius = np.sqrt(l * l / 4.0 + ((h + t) / 2.0) ** 2)
    polar = 2.0 * np.sqrt(2.0) * h * l * (l * l / 12.0 + ((h + t) / 2.0) ** 2)
    twist = moment * radius / polar
    shear = np.sqrt(direct * direct + direct * twist * l / radius + twist * twist)
    bending = 6.0 * load * length / (b * t * t)
    deflection = 4.0 * load * length**3 / (modulus * t**3 * b)
    buckling = (4.013 * modulus * t * b**3 / (6.0 * length**2)) * (
        1.0 - t / (2.0 * length) * np.sqrt(modulus / (4.0 * shear_modulus))
    )
    return np.stack(
        [
            shear - 13600.0,
            bending - 30000.0,
            h - b,
            0.10471 * h * h + 0.04811 * t * b * (14.0 + l) - 5.0,
            0.125 - h,
            deflection - 0.25,
            load - buckling,
        ],
        axis=-1,
    )


def pressure_vessel(x: Any) -> Any:
    """Cost of a pressure vessel: x = (shell and head thickness in sixteenths of an inch, radius, length in inches).

    Sandgren 1990, J. Mechanical Design 112; the two thicknesses come in rolled plates, multiples of 0.0625 inch.
    """
    shell, head, radius, length = _columns(x)
    shell, head = 0.0625 * shell, 0.0625 * head
    return (
        0.6224 * shell * radius * length
        + 1.7781 * head * radius * radius
        + 3.1661 * shell * shell * length
        + 19.84 * shell * shell * radius
    )


def pressure_vessel_limits(x: Any) -> Any:
    """Thickness of shell and head, volume, length."""
    shell, head, radius, length = _columns(x)
    volume = np.pi * radius * radius * (length + 4.0 / 3.0 * radius)
    return np.stack(
        [0.0193 * radius - 0.0625 * shell, 0.00954 * radius - 0.0625 * head, 1296000.0 - volume, length - 240.0],
        axis=-1,
    )


def tension_spring(x: Any) -> Any:
    """Weight of a coil spring: x = (wire diameter d, coil diameter D, number of active coils N).

    Arora 1989, Introduction to Optimum Design; Belegundu 1982.
    """
    wire, coil, turns = _columns(x)
    return (turns + 2.0) * coil * wire * wire


def tension_spring_limits(x: Any) -> Any:
    """Deflection, shear stress, surge frequency, outer diameter."""
    wire, coil, turns = _columns(x)
    return np.stack(
        [
            1.0 - coil**3 * turns / (71785.0 * wire**4),
            (4.0 * coil * coil - wire * coil) / (12566.0 * (coil * wire**3 - wire**4))
            + 1.0 / (5108.0 * wire * wire)
            - 1.0,
            1.0 - 140.45 * wire / (coil * coil * turns),
            (wire + coil) / 1.5 - 1.0,
        ],
        axis=-1,
    )


def speed_reducer(x: Any) -> Any:
    """Weight of a gear box: x = (face width, module, teeth of the pinion, two shaft lengths, two shaft diameters).

    Golinski 1973, Mechanism and Machine Theory 8; the number of teeth is an integer; 7.3 <= x_5 <= 8.3.
    """
    face, module, teeth, l1, l2, d1, d2 = _columns(x)
    return (
        0.7854 * face * module * module * (3.3333 * teeth * teeth + 14.9334 * teeth - 43.0934)
        - 1.508 * face * (d1 * d1 + d2 * d2)
        + 7.4777 * (d1**3 + d2**3)
        + 0.7854 * (l1 * d1 * d1 + l2 * d2 * d2)
    )


def speed_reducer_limits(x: Any) -> Any:
    """Bending and contact stress of the teeth, deflection and stress of both shafts, and five rules of geometry."""
    face, module, teeth, l1, l2, d1, d2 = _columns(x)
    return np.stack(
        [
            27.0 / (face * module**2 * teeth) - 1.0,
            397.5 / (face * module**2 * teeth**2) - 1.0,
            1.93 * l1**3 / (module * teeth * d1**4) - 1.0,
            1.93 * l2**3 / (module * teeth * d2**4) - 1.0,
            np.sqrt((745.0 * l1 / (module * teeth)) ** 2 + 16.9e6) / (110.0 * d1**3) - 1.0,
            np.sqrt((745.0 * l2 / (module * teeth)) ** 2 + 157.5e6) / (85.0 * d2**3) - 1.0,
            module * teeth / 40.0 - 1.0,
            5.0 * module / face - 1.0,
            face / (12.0 * module) - 1.0,
            (1.5 * d1 + 1.9) / l1 - 1.0,
            (1.1 * d2 + 1.9) / l2 - 1.0,
        ],
        axis=-1,
    )
