"""A page that is kept up to date while its study runs: a file that reloads itself, served on loopback when asked."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.report import write_report
from experiments.store import load
from experiments.tomlfile import SpecError

LAST_PORT = 65535


def watch(
    folder: Path, *, every: float = 20.0, once: bool = False, serve: int | None = None, say: Callable[[str], None]
) -> Path:
    """Write the page of a folder again whenever trials have been added, until the study that another process runs is
    complete; with `once` write it once.

    There are `every` seconds between two looks, and the page loads itself again as often until the study is complete.
    `serve` is a port of this machine on which the folder can be read, 0 for any free one; None serves nothing. `say`
    gets a line of text at each page. Returns the page. It is a SpecError if the port cannot be served.
    """
    if not 0 < every <= threading.TIMEOUT_MAX:
        raise SpecError((), f"every must be a positive number of seconds, got {every}.")
    if serve is not None and not 0 <= serve <= LAST_PORT:
        raise SpecError((), f"serve must be a port from 0 to {LAST_PORT}, 0 for any free one, got {serve}.")
    seen = -1
    with _served(folder, serve, say):
        while True:
            study = load(folder)
            complete = len(study.trials) >= int(study.header["total"])
            if len(study.trials) != seen or complete or once:
                seen = len(study.trials)
                again = None if complete else max(1, round(every))
                page = write_report(study, folder, quick=not complete, refresh=again)
                say(f"{seen} of {study.header['total']} trials: {page}")
            if complete or once:
                return page
            time.sleep(every)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal for what the watcher says."""


@contextlib.contextmanager
def _served(folder: Path, port: int | None, say: Callable[[str], None]) -> Iterator[None]:
    if port is None:
        yield
        return
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        opened = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise SpecError(
            (), f"port {port} cannot be served ({error.strerror}); choose another, or --serve alone for any free one."
        ) from error
    with opened as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(f"http://127.0.0.1:{server.server_address[1]}/report.html")
        try:
            yield
        finally:
            server.shutdown()
