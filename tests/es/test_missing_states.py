"""A state that lacks something is refused in a sentence, by every optimizer and with restarts."""

import numpy as np
import pytest

import es
from es.run.arguments import Maker
from es.run.restarts import with_restarts
from tests.es.golden_runs import UNBOUNDED, two_goals, valley

METHODS = [info for info in es.methods() if info.name != "asng"]  # which takes no numbers
# Without these no state is one; others were saved later, and a state of an older version does without.
ALWAYS = ("books", "rng", "book.nfev", "book.f_best", "book.x_best")


def made(info, restarts):
    more = {} if info.name in UNBOUNDED else {"bounds": [(-0.8, 0.9)] * 5}
    options = {"replayable": True} if info.kind == "scipy" else {}
    cls, x0 = es.get_method(info.name), np.linspace(-0.5, 0.5, 5)
    if restarts is None:
        return cls(x0, 0.4, rng=1, **more, **options)
    box = cls(x0, 0.4, rng=1, **more).box
    return with_restarts(Maker(cls, x0, sigma0=0.4, box=box, options=options), restarts, 1)


@pytest.mark.parametrize("restarts", [None, "ipop", "bipop"])
@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_what_is_missing_is_named(info, restarts):
    opt, fun = made(info, restarts), two_goals if info.kind == "multiobjective" else valley
    for _ in range(6):
        x = opt.ask()
        opt.tell(x, fun(x), *([2 * x] if opt.wants_gradient else []))
        if opt.stop():
            break
    state = opt.state_dict()
    for broken in ({}, {"A": np.eye(5)}):
        with pytest.raises(ValueError, match=r"state must be what state_dict\(\) of \w+ gave, and has no '"):
            made(info, restarts).load_state_dict(broken)
    for broken in (None, [1, 2], state["books"]):
        with pytest.raises(ValueError, match=r"state must be what state_dict\(\) gave, got"):
            made(info, restarts).load_state_dict(broken)
    for entry in state:
        rest = {key: value for key, value in state.items() if key != entry}
        try:
            made(info, restarts).load_state_dict(rest)
        except ValueError as error:
            assert "state must" in str(error)
        else:
            assert entry.removeprefix("inner.") not in ALWAYS
    made(info, restarts).load_state_dict(state)


def test_a_strategy_of_the_callers_own_with_more_to_save():
    class Counting(es.SNES):
        def state_dict(self):
            return {**super().state_dict(), "more": np.array(3)}

        def load_state_dict(self, arrays):
            self.more = int(arrays["more"])
            super().load_state_dict(arrays)

    opt = Counting([1.0, 2.0], 1.0)
    opt.load_state_dict(opt.state_dict())
    assert opt.more == 3
    with pytest.raises(ValueError, match="of Counting gave, and has no 'more'"):
        opt.load_state_dict(es.SNES([1.0, 2.0], 1.0).state_dict())
