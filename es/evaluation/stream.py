"""Points evaluated one by one, the next as soon as a worker is free."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.evaluation.dispatch import Failed
from es.evaluation.evaluate import Evaluator, explained
from es.evaluation.outcome import Outcome, empty, fill
from es.evaluation.parcel import Missing
from es.evaluation.workers import Workers

Numbered = tuple[int, FloatArray]  # a number, and a point (n,)


def workers_of(evaluate: Evaluator) -> int:
    """How many points are evaluated at a time.

    Raises ValueError if the workers are a map-like callable, which gives its values back together.
    """
    workers = evaluate._workers
    if workers is not None and not isinstance(workers, Workers):
        raise ValueError(
            "asynchronous=True needs workers that report one by one, got a map-like callable: pass an int, an Executor "
            "or a dask Client"
        )
    return 1 if workers is None else workers.size


def stream(evaluate: Evaluator, points: Iterator[Numbered]) -> Generator[tuple[int, FloatArray, float], None, None]:
    """Evaluate points as workers get free, and yield number, point and value as they come.

    The workers, time limit, books and rule for errors are those of `evaluate`. `points` is asked for the next pair of a
    number and a point (n,) when a worker is free, and not before, so that it may depend on all values so far. Stop
    iterating, and what still runs is killed where the workers are ours. What the objective raises is raised, unless it
    is penalised.
    """
    workers_of(evaluate)
    workers = evaluate._workers
    if not isinstance(workers, Workers):
        for number, x in points:
            yield number, x, float(evaluate(x[None])[0][0])
        return
    objective, size = evaluate.ledger.objective, workers.size
    out: dict[int, FloatArray] = {}

    def batches() -> Iterator[range]:
        for number, x in points:
            out[number] = x
            yield range(number, number + 1)

    def points_of(rows: Any) -> FloatArray:
        return out[rows[0]][None] if len(rows) else np.empty((0, 0))

    # A point or a few wait for the next free worker, in the place of the worker for a point: with evaluations of
    # 50 ms on a loaded machine two workers compute .93 of the time, else .89. More would be old when they begin.
    dispatcher = evaluate.dispatcher(workers, False, points_of, lambda given: given > size, ahead=1 + size // 8)
    with closing(dispatcher.run(batches())) as results:
        for rows, part in results:
            if part is Missing:
                dispatcher.submit(rows)
                continue
            x = out.pop(rows[0])
            outcome = _of_one(objective, x, part)
            if outcome.failures:
                evaluate._note_failures(outcome, x[None])
            evaluate.ledger.record(x[None], outcome.f)
            if outcome.reports:
                evaluate.report(x, outcome.reports[0])
            yield rows[0], x, float(outcome.f[0])


def _of_one(objective: Any, x: FloatArray, part: Any) -> Outcome:
    whole = empty(x[None], False, objective)
    if isinstance(part, Failed):
        whole.failures.append((0, explained(part.error), ""))
    else:
        fill(whole, range(1), part)
    return whole
