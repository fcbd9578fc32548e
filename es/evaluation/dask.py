"""Workers of a dask cluster, through its client and not through `joblib.Parallel`, and a watch over them.

`joblib.Parallel` never returns when a task kills every worker that it is given to. Plain dask reports such a task, but
may lose its workers over it: one that gets the task while it is starting takes its nanny along, nobody starts another,
and the tasks of a cluster without workers wait for ever.
"""

from __future__ import annotations

from typing import Any

from es.evaluation.workers import Workers

MOST_LOOKS = 30  # in a row, every two seconds, that find no worker, after which nobody waits any longer


def is_client(workers: Any) -> bool:
    """Whether this is a `distributed.Client`, found out without importing distributed."""
    return any(f"{kind.__module__}.{kind.__name__}" == "distributed.client.Client" for kind in type(workers).__mro__)


def dask_workers(client: Any) -> Workers:
    """The workers of a `distributed.Client`."""
    size = sum(client.nthreads().values())
    return Workers(client.get_executor(pure=False), size, watch=Watch(client))


class Watch:
    """Called while results are waited for: has the cluster start again the workers that it has lost.

    Raises RuntimeError on a call, if `MOST_LOOKS` looks in a row have found no worker. A cluster that sizes itself is
    waited for: its workers may stand in a queue.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._in_vain = 0

    def __call__(self) -> None:
        """Look once."""
        there, cluster = len(self._client.nthreads()), self._client.cluster
        if getattr(cluster, "_adaptive", None) is not None:
            return
        wanted = len(getattr(cluster, "worker_spec", ()))
        if there < wanted:
            cluster.scale(wanted)  # its own number: this starts those that it has given up, and no others
        self._in_vain = 0 if there else self._in_vain + 1
        if self._in_vain >= MOST_LOOKS:
            raise RuntimeError(
                "the dask cluster has lost all of its workers, perhaps because tasks killed them, and no other has "
                "come: start workers and run again"
            )
