"""Saving: a flat dict of arrays in one `.npz` file, without pickle, replaced in one step."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


def save(path: str | os.PathLike[str], arrays: Mapping[str, npt.ArrayLike]) -> None:
    """Write arrays to `path`; whoever reads sees the old file or the new one, never half of it.

    Raises ValueError if an entry would need pickle, as arrays of objects do.
    """
    target = Path(os.path.realpath(path))
    for name, value in arrays.items():
        if np.asarray(value).dtype.hasobject:
            raise ValueError(f"state must hold plain arrays, got objects in {name!r}")
    temporary, handle = _temporary(target)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # its keyword allow_pickle hides in **kwds
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def probe(path: str | os.PathLike[str]) -> None:
    """Find out whether `save` will be able to write there, and remove what a killed `save` has left.

    Raises ValueError if the folder does not exist or cannot be written to, or the path is a folder.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ValueError(f"{path} must be the path of a file, got a folder: add a name such as run.npz")
    if not target.parent.is_dir():
        raise ValueError(f"{path} cannot be written, for there is no folder {target.parent}: make it first")
    try:
        temporary, handle = _temporary(target)
        os.close(handle)
        temporary.unlink()
        for left in target.parent.iterdir():
            if re.fullmatch(re.escape(target.name) + r"\.[0-9a-f]{16}\.part", left.name):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error}): give a path in a folder of yours") from error


def _temporary(target: Path) -> tuple[Path, int]:
    """A new file beside the target, with the mode that the umask gives."""
    path = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part")
    return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def load(path: str | os.PathLike[str]) -> Arrays:
    """Read what `save` wrote."""
    with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def load_entry(path: str | os.PathLike[str], name: str) -> npt.NDArray[Any]:
    """Read one entry of what `save` wrote, without unpacking the others."""
    with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        return file[name]


def generator_to_text(generator: np.random.Generator) -> str:
    """State of a generator, of any bit generator, as JSON."""
    return json.dumps(generator.bit_generator.state, default=_plain)


def generator_from_text(text: str) -> np.random.Generator:
    """The generator that `generator_to_text` was given.

    Raises ValueError if the text names no bit generator of NumPy.
    """
    content = json.loads(text)
    kind = getattr(np.random, str(content.get("bit_generator")), None)
    if not (isinstance(kind, type) and issubclass(kind, np.random.BitGenerator)):
        raise ValueError(f"rng state must name a NumPy bit generator, got {content.get('bit_generator')!r}")
    generator = np.random.Generator(kind())
    generator.bit_generator.state = _arrays(content)
    return generator


def pack(value: Any) -> npt.NDArray[np.str_]:
    """Numbers, texts, lists and dicts as one array of text."""
    return np.array(json.dumps(value, default=_plain))


def unpack(array: npt.NDArray[Any]) -> Any:
    """What `pack` was given."""
    return json.loads(str(array))


def below(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The entries whose names begin with `prefix`, by the rest of their names."""
    return {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot save {value!r}")


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"array", "dtype"}:
            return np.array(value["array"], dtype=value["dtype"])
        return {key: _arrays(entry) for key, entry in value.items()}
    return value
