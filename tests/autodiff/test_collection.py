"""The garbage collector is slowed while a history is written, and as the user left it afterwards."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad

OWN = (900, 11, 12)


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*OWN)
    yield
    gc.set_threshold(*before)


def chain(x: Any, steps: int = 20_000) -> Any:
    for _ in range(steps):
        x = x * 1.0001
    return x


def collections(call: Any) -> list[int]:
    """How many collections of each generation a call has caused."""
    before = [g["collections"] for g in gc.get_stats()]
    call()
    return [g["collections"] - b for g, b in zip(gc.get_stats(), before, strict=True)]


def eager() -> Any:
    w = ad.tensor(0.5, requires_grad=True)
    chain(w).backward()
    return w.grad


@pytest.mark.parametrize(
    "call",
    [
        lambda: ad.grad(chain)(0.5),
        lambda: ad.vjp(chain, 0.5)[1](1.0),
        lambda: ad.hvp(chain)(0.5, 1.0),
        lambda: ad.jacobian(lambda x: chain(x)[None] * np.ones(1))(0.5),
        eager,
    ],
)
def test_long_histories_are_looked_at_rarely(call: Any) -> None:
    young, middle, old = collections(call)
    assert young <= 10 and middle <= 1 and old == 0  # with the thresholds as they are: hundreds
    assert gc.get_threshold() == OWN


def test_exceptions() -> None:
    def fails(x: Any) -> Any:
        chain(x)
        raise KeyError("stop")

    for transform in (ad.grad(fails), lambda x: ad.vjp(fails, x)):
        with pytest.raises(KeyError):
            transform(0.5)
        assert gc.get_threshold() == OWN
    with pytest.raises(KeyError):  # from the sweep
        ad.grad(lambda x: ad.custom_vjp(lambda y: (y, lambda g: {}["no"]))(chain(x)))(0.5)
    assert gc.get_threshold() == OWN


def test_what_the_user_sets_stays() -> None:
    def changes(x: Any) -> Any:
        y = chain(x)
        gc.set_threshold(500, 5, 5)
        return y

    ad.grad(changes)(0.5)
    assert gc.get_threshold() == (500, 5, 5)
    gc.disable()
    try:
        ad.grad(chain)(0.5)
        assert not gc.isenabled()
    finally:
        gc.enable()
    gc.set_threshold(0)
    ad.grad(chain)(0.5)
    assert gc.get_threshold()[0] == 0
    gc.set_threshold(*OWN)
    ad.grad(lambda x: (chain(x), gc.disable())[0])(0.5)
    assert not gc.isenabled() and gc.get_threshold() == OWN
    gc.enable()


def test_nested_and_threads() -> None:
    ad.grad(lambda x: chain(ad.grad(chain)(x) * x))(0.5)
    assert gc.get_threshold() == OWN
    threads = [threading.Thread(target=lambda: [ad.grad(chain)(0.5) for _ in range(3)]) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert gc.get_threshold() == OWN


def test_cycles_of_the_program_are_still_collected() -> None:
    class Own:
        pass

    def f(x: Any) -> Any:
        first = Own()
        first.me = first
        seen = weakref.ref(first)
        del first
        for _ in range(200_000):
            x = x * 1.0
        assert seen() is None
        return x

    ad.grad(f)(0.5)


def test_an_eager_history_without_an_end() -> None:
    kept = chain(ad.tensor(0.5, requires_grad=True))
    garbage = [[] for _ in range(250_000)]  # the next collection finds nothing being written
    assert gc.get_threshold() == OWN and kept.requires_grad and garbage
