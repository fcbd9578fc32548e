"""Many workers that exchange nothing but values: each holds the same optimizer and draws the same points from its seed.

As in Salimans et al. (arXiv:1703.03864), algorithm 2: noise is drawn again from the seed wherever it is needed, so that
what travels in a generation is one number for each point, whatever the number of variables.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from es.core.arrays import FloatArray


class Replicas:
    """Worker processes that each hold a copy of a strategy, and an own copy that is kept in step.

    Parameters
    ----------
    make : callable
        Makes the optimizer, of a single run and with a fixed seed; picklable. It is called once in each process.
    fun : callable
        Objective of one point (n,), picklable.
    workers : int
        Number of processes.

    Attributes
    ----------
    opt : Strategy
        The copy in this process.
    bytes_sent : int
        Bytes that have travelled in both directions, without the start.

    Raises
    ------
    ValueError
        If `workers` is less than 1, or the optimizer holds stacked runs or has no seed.

    Examples
    --------
    ``with Replicas(make, fun, workers=4) as run: result = run.minimize()``
    """

    def __init__(self, make: Callable[[], Any], fun: Callable[[FloatArray], float], workers: int = 2) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.opt = make()
        if self.opt.runs is not None:
            raise ValueError(f"make must return an optimizer of a single run, got {self.opt.runs} stacked runs")
        seed = getattr(self.opt, "seed", None)
        if seed is None or make().seed != seed:
            raise ValueError(f"make must return an optimizer with a fixed seed, got rng={seed}: give it an int")
        self.bytes_sent = 0
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for rank in range(workers):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, make, fun, rank, workers), daemon=True)
            process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)

    def __enter__(self) -> Replicas:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def step(self) -> None:
        """One generation: each worker sends the values of its points, all of them get the values of all."""
        x = self.opt.ask()
        f = np.empty(len(x))
        for rank, pipe in enumerate(self._pipes):
            message = pipe.recv_bytes()
            self.bytes_sent += len(message)
            part = pickle.loads(message)
            if isinstance(part, BaseException):
                raise part
            f[rank :: len(self._pipes)] = part
        message = pickle.dumps(f)
        for pipe in self._pipes:
            pipe.send_bytes(message)
            self.bytes_sent += len(message)
        self.opt.tell(x, f)

    def minimize(self) -> Any:
        """Generations until the optimizer has a reason to stop; returns its result."""
        while not self.opt.stop():
            self.step()
        return self.opt.result

    def close(self) -> None:
        """End the workers."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=10)
            if process.is_alive():
                process.terminate()
        self._pipes, self._processes = [], []


def _work(
    pipe: Connection, make: Callable[[], Any], fun: Callable[[FloatArray], float], rank: int, workers: int
) -> None:
    opt = make()
    try:
        while True:
            x = opt.ask()
            try:
                part: Any = np.array([float(fun(point)) for point in x[rank::workers]])
            except Exception as error:  # told to the parent, which raises it
                part = error
            pipe.send_bytes(pickle.dumps(part))
            opt.tell(x, pickle.loads(pipe.recv_bytes()))
    except (EOFError, OSError):  # the parent has closed the pipe
        pipe.close()
