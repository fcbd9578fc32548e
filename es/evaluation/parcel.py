"""An objective on its way to the workers: pickled once, unpickled once in each of them."""

from __future__ import annotations

import pickle
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

LIGHT_BYTES = 32 * 1024  # payloads up to this size travel with every message


class Missing:
    """What a worker answers that does not have the objective yet: send it along."""


class Parcel:
    """A callable on its way to the workers: pickled once, unpickled once in each worker.

    In the same process (threads) the callable itself is used. A heavy payload (a data set) travels only until the
    workers have it; a worker that comes later answers `Missing` and gets it then.
    """

    def __init__(
        self, content: Any, *, key: str | None = None, payload: bytes | None = None, full: bool = True
    ) -> None:
        self._content = content
        self._key = key or uuid.uuid4().hex
        self._payload = payload
        self._full = full

    def packed(self) -> bytes:
        """The pickled content; made at the first call."""
        if self._payload is None:
            # loky's pickler: lambdas and functions of the main script travel too
            from joblib.externals.loky.backend.reduction import dumps

            try:
                self._payload = bytes(dumps(self._content))
            except Exception as error:
                cure = "use workers=1 or a ThreadPoolExecutor"
                raise TypeError(f"fun must be picklable to be evaluated by workers, got {error}: {cure}") from error
        return self._payload

    def light(self) -> Parcel:
        """The same parcel without its payload, if that is too heavy to be sent each time."""
        if len(self.packed()) <= LIGHT_BYTES:
            return self
        return Parcel(self._content, key=self._key, payload=self._payload, full=False)

    def open(self) -> Any:
        """The callable, or `Missing` where it has not arrived."""
        return self._content

    def __reduce__(self) -> tuple[Callable[..., Parcel], tuple[str, bytes | None]]:
        return _arrive, (self._key, self.packed() if self._full else None)


_arrived: OrderedDict[str, Any] = OrderedDict()
_ARRIVED_MAX = 8


def _arrive(key: str, payload: bytes | None) -> Parcel:
    """Unpickle a parcel in a worker, once: later ones with the same key find the callable in place."""
    if key not in _arrived:
        if payload is None:
            return Parcel(Missing, key=key)
        _arrived[key] = pickle.loads(payload)
        while len(_arrived) > _ARRIVED_MAX:
            _arrived.popitem(last=False)
    return Parcel(_arrived[key], key=key, payload=payload, full=payload is not None)
