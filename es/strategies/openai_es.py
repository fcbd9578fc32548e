"""OpenAI-ES: search gradients of a fixed Gaussian, made for thousands of workers."""

from __future__ import annotations

from es.parts.estimate import GradientEstimate
from es.parts.invariances import ALL_BUT_ROTATION


class OpenAIES(GradientEstimate):
    """OpenAI-ES: pairs of samples of a fixed spread, weights by centered ranks, steps by Adam or any other rule.

    Source: Salimans, Ho, Chen, Sidor & Sutskever, Evolution strategies as a scalable alternative to reinforcement
    learning (arXiv:1703.03864), algorithm 1 with the antithetic samples and the ranks of section 2.1. As in the
    authors' implementation the estimate g = -1/k sum w_i z_i is not divided by sigma. The spread is fixed with
    `patience=None` only (see there). Parameters: see `GradientEstimate`.

    Examples
    --------
    >>> opt = OpenAIES([3.0, -2.0], 0.5, rule="clipup", rng=1, stop={"ftarget": 1e-6})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success)
    True
    """

    paper = "Salimans et al., arXiv:1703.03864"
    good_for = "very many variables, noisy objectives, many workers"
    claims = ALL_BUT_ROTATION
