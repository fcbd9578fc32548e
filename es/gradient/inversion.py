"""A solver that calls its objective, in the place of an optimizer that asks for points and is told values.

SciPy's solvers own their loop: they call the objective and return when they have finished. There are two ways to give
them the objective of somebody else's loop, and both give the same numbers:

- `Direct` runs the solver where it is called from. Each call of the objective is one turn of the driver's loop, which
  ends the run by an exception that the solver does not see.
- `Inverted` runs the solver in a thread of its own that sleeps whenever it waits for a value, for loops that ask and
  tell. Only one of the two threads ever runs. Waking a thread takes as long as a hundred lines of Python.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from es.core.arrays import FloatArray

PATIENCE = 1.0  # seconds, for a thread that only has to unwind
Answer = tuple[FloatArray, FloatArray | None]
Call = Callable[[FloatArray], Answer]


class _Abandoned(BaseException):
    """Raised inside the solver when nobody will answer any more; a BaseException, so that no solver swallows it."""


class Dropped(_Abandoned):
    """The same in a thread of its own, for whose end somebody waits."""


class Direct:
    """A solver that runs in the caller's thread, for as long as `turn` goes on.

    Parameters
    ----------
    turn : callable
        `turn()` is one turn of a loop: it evaluates `asked` and tells the values; False when the loop is to end.

    Attributes
    ----------
    asked : ndarray, shape (k, n), or None
        Points that wait for values; None when the solver has finished.
    outcome : object
        What the solver returned.
    """

    def __init__(self, turn: Callable[[], bool]) -> None:
        self._turn = turn
        self._answer: Answer | None = None
        self._error: BaseException | None = None
        self.asked: FloatArray | None = None
        self.outcome: Any = None

    def run(self, solve: Callable[[Call], Any], replay: Iterable[Answer] = ()) -> bool:
        """Run the solver to its end (True), or until the loop ends (False); `replay` are answers to begin with.

        Raises
        ------
        Exception
            Whatever the solver or the loop raised.
        """
        # The objective runs with np.errstate and the like as the caller has set them, not as the solver does.
        within = contextvars.copy_context().run
        known = iter(replay)

        def call(x: FloatArray) -> Answer:
            answer = next(known, None)
            if answer is not None:
                return answer
            self.asked = np.asarray(x, dtype=float)  # the solver waits meanwhile, and so does its x
            try:
                goes_on = within(self._turn)
            except BaseException as error:
                self._error = error  # a solver may catch it and raise another in its place
                raise _Abandoned from error
            if not goes_on or self._answer is None:
                raise _Abandoned
            answer, self._answer = self._answer, None
            return answer

        try:
            self.outcome = solve(call)
        except _Abandoned:
            finished = False
        else:
            finished, self.asked = True, None
        if self._error is not None:
            raise self._error
        return finished

    def tell(self, f: FloatArray, g: FloatArray | None = None) -> None:
        """The values of `asked`, which the solver gets when the turn of the loop is over."""
        self._answer = f, g


class _Finished:
    def __init__(self, outcome: Any = None, error: BaseException | None = None) -> None:
        self.outcome = outcome
        self.error = error


class Inverted:
    """A running solver, waiting for the values of the points it has asked for.

    Parameters
    ----------
    solve : callable
        `solve(call)` runs the solver; `call(x)` with x (k, n) gives f (k,) and, where the driver has them, gradients
        (k, n). What `solve` returns ends up in `outcome`.

    Attributes
    ----------
    asked : ndarray, shape (k, n), or None
        Points that wait for values; None when the solver has finished.
    outcome : object
        What the solver returned.
    """

    def __init__(self, solve: Callable[[Call], Any]) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.asked: FloatArray | None = None
        self.outcome: Any = None
        # The thread holds the queues and never this object, so dropping the object ends the thread.
        context = contextvars.copy_context()  # np.errstate and the like as the caller has set them
        arguments = (solve, self._requests, self._answers)
        thread = threading.Thread(target=lambda: context.run(_work, *arguments), daemon=True, name="evotape-solver")
        weakref.finalize(self, _drop, self._answers, thread)
        thread.start()
        self._await()

    def tell(self, f: FloatArray, g: FloatArray | None = None) -> None:
        """Answer `asked`; afterwards `asked` holds the next points, or None.

        Raises
        ------
        Exception
            Whatever the solver raised.
        """
        self._answers.put((f, g))
        self._await()

    def _await(self) -> None:
        request = self._requests.get()
        if isinstance(request, _Finished):
            self.asked, self.outcome = None, request.outcome
            if request.error is not None:
                raise request.error
        else:
            self.asked = request


def _drop(answers: queue.SimpleQueue[Any], thread: threading.Thread) -> None:
    """End a solver, and wait until its thread has left SciPy's code: that changes what belongs to the whole process."""
    answers.put(Dropped)
    if thread is not threading.current_thread():
        thread.join(PATIENCE)


def _work(solve: Callable[[Call], Any], requests: queue.SimpleQueue[Any], answers: queue.SimpleQueue[Any]) -> None:
    def call(x: FloatArray) -> Answer:
        requests.put(np.array(x, dtype=float))
        answer = answers.get()
        if answer is Dropped:
            raise Dropped
        return answer

    try:
        requests.put(_Finished(solve(call)))
    except _Abandoned:
        return
    except BaseException as error:  # it leaves `tell` in the driver's thread
        requests.put(_Finished(error=error))
