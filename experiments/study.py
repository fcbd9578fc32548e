"""Run a study from its description to its folder of results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from experiments.progress import Progress
from experiments.runner import check_workers, run_batches
from experiments.spec import Spec
from experiments.store import Store, Study, load
from experiments.trial import check_trials


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a study; says in one sentence what is kept and how to go on."""


class FailedTrial(RuntimeError):
    """A trial failed and the study was asked to stop then."""


def run_study(
    spec: Spec,
    folder: str | Path | None = None,
    *,
    jobs: int = -1,
    backend: str | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    extend: bool = False,
    progress: TextIO | None = None,
    on_record: Callable[[dict[str, Any]], None] | None = None,
) -> Study:
    """Run the trials of a study that its folder does not hold yet, and load the folder.

    Parameters
    ----------
    spec
        The study.
    folder
        Where the journal goes; ``results/<name>`` by default.  A folder of the same study is continued, one of another
        study refused.
    jobs, backend, timeout
        See `experiments.runner.run_trials`; `timeout` takes the place of the study's own.
    retry_failed
        Run those again that ended in an error or ran out of time.
    fail_fast
        Stop at the first such trial; the default is to go on.
    extend
        Add to a folder whose study has other settings.
    progress
        Where it is shown how far the study is, such as ``sys.stderr``.
    on_record
        Called with each record after it is in the journal.

    Returns
    -------
    Study
        All that the folder holds.

    Raises
    ------
    SpecError
        For a problem or method that does not exist, before anything is written.
    BackendError
        For workers that there are not.
    StoreError
        For a folder that cannot be used.
    Interrupted
        On Ctrl-C; what was finished is in the journal.

    Examples
    --------
    >>> import tempfile
    >>> from experiments import Method, Problem, Spec, run_study
    >>> spec = Spec("tiny", [Problem("sphere", 2)], [Method("cmaes", {"sigma0": 0.5})], seeds=2, budget=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = run_study(spec, folder, backend="sequential")
    >>> len(study.trials)
    2
    """
    folder = Path(folder) if folder is not None else Path("results") / spec.name
    limit = timeout if timeout is not None else spec.timeout
    check_workers(jobs, backend, limit)
    check_trials(spec.trials)
    with Store(folder, spec, extend=extend) as store:
        missing = store.missing(retry_failed=retry_failed)
        asked = {trial["key"] for trial in store.trials}
        rerun = {trial["key"] for trial in missing}
        kept = {key: status for key, status in store.finished.items() if key in asked and key not in rerun}
        failed = sum(status != "ok" for status in kept.values())
        try:
            with Progress(missing, len(asked), len(kept), failed, progress) as bar:
                for records in run_batches(missing, jobs=jobs, backend=backend, timeout=limit):
                    for record in records:
                        store.add(record)
                        bar.add(record)
                        if on_record is not None:
                            on_record(record)
                        if fail_fast and record["status"] != "ok":
                            raise FailedTrial(
                                f"{record['method']['label']} on {record['problem']['label']}, repeat "
                                f"{record['seed']}: {record['message']} (stopped at the first failed trial; "
                                f"{len(store.finished)} are kept in {folder})"
                            )
                    bar.show_in_time()
        except KeyboardInterrupt:
            # The signal may have come between the journal's line and its entry in `store.finished`: the file knows.
            finished = sum(trial["key"] in asked for trial in load(folder).trials)
            raise Interrupted(
                f"Stopped: {finished} of {len(asked)} trials are finished and kept in {folder}; run the same command "
                "again to go on."
            ) from None
    return load(folder)
