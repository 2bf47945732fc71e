"""Results kept on disk under the hash of everything they rest on, so that each is worked out once
and shared by all that need it.

An entry is never changed: other data, another program or other versions have another name. What
cannot be kept (no room, no right to write) or read back is worked out anew; the store may be
deleted at any time. Entries are pickles of this package's own objects, which can do whatever the
program can: the usual folder is used only if nobody else may write there.
"""

import contextlib
import hashlib
import json
import os
import pickle
import platform
import re
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock

from .files import PACKAGE, write_whole

PLACE = "NTM_STORE"  # of the environment: the store's folder; empty: keep nothing
DAY = 86400  # seconds
# What an entry is called, and what one half written; the folder may hold other files.
OURS = re.compile(r".+-[0-9a-f]{40}|\.\w{8}")
LIMIT = 2**30  # bytes kept; what was not used longest goes first
LIBRARIES = (
    "pandas",
    "numpy",
    "scipy",
    "highspy",
    "PyYAML",
    "Babel",
    "Jinja2",
    "MarkupSafe",
    "seaborn",
    "matplotlib",
    "papermill",
    "nbconvert",
    "nbclient",
    "ipykernel",
)


def hash_of(*parts: object) -> str:
    """The hash of plain values, the same on every system.

    >>> hash_of("a", {"b": 1})[:12]
    '8b5348e0de4f'
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def hash_of_files(*places: Path) -> str:
    """The hash of files, by name and content whatever their line ends; of a folder, all files in it
    that are not hidden.
    """
    digest = hashlib.sha256()
    for place in places:
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        for path in found:
            inside = path.relative_to(place) if path != place else Path(path.name)
            if path.is_file() and not any(
                part.startswith((".", "__pycache__")) for part in inside.parts
            ):
                digest.update(
                    inside.as_posix().encode()
                    + b"\0"
                    + path.read_bytes().replace(b"\r\n", b"\n")
                    + b"\0"
                )
    return digest.hexdigest()


@cache
def software() -> dict[str, str]:
    """What the results rest on besides data: this package by the hash of its files, Python, the
    libraries by version.
    """

    def found(name):
        try:
            return version(name)
        except PackageNotFoundError:
            return ""

    versions = {name: found(name) for name in LIBRARIES}
    return {
        "ntm-analysis": hash_of_files(PACKAGE)[:16],
        "python": platform.python_version(),
        **versions,
    }


class Store:
    """A folder of results; without one, every result is worked out."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @classmethod
    def usual(cls, home: Path) -> "Store":
        """The store named by the environment, else the hidden folder of ``home``."""
        named = os.environ.get(PLACE)
        if named is not None:
            return cls(Path(named) if named else None)
        folder = home / ".store"
        return cls(folder if _ours(folder) else None)

    def kept(self, subject: str, rests_on: object, make: Callable[[], Any]) -> Any:
        """The result for ``subject``, which rests on ``rests_on`` (plain values) and the software:
        read, else made and kept.

        Of several processes that need it at once, one makes it and the others wait. What ``make``
        raises is raised and not kept.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{subject}-{hash_of(subject, rests_on, software())[:40]}.pickle"
        if (found := _read(path)) is not None:
            return found[0]
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, NotImplementedError):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(FileLock(path.with_suffix(".lock")))
                if (found := _read(path)) is not None:
                    return found[0]
            made = make()
            with contextlib.suppress(OSError):
                write_whole(path, pickle.dumps((made,), protocol=5))
            return made

    def prune(self, limit: int = LIMIT) -> None:
        """Delete what was used longest ago until at most ``limit`` bytes are kept, and locks of a
        day ago that hold nothing; files of anybody else are left alone.
        """
        if self.folder is None or not self.folder.is_dir():
            return
        entries, held = [], 0
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another program deletes here too
                found = path.stat()
                if not OURS.fullmatch(path.stem):
                    continue
                if path.suffix == ".pickle":
                    entries.append((found.st_mtime, found.st_size, path))
                elif (
                    path.suffix == ".lock"
                    and found.st_mtime < time.time() - DAY
                    and not path.with_suffix(".pickle").exists()
                ):
                    path.unlink()
        for _, size, path in sorted(entries, reverse=True):
            held += size
            if held > limit:
                for old in (path, path.with_suffix(".lock")):
                    with contextlib.suppress(OSError):
                        old.unlink()


def _read(path):
    """An entry, in a tuple so that a result may be None; None where it is not there or spoilt."""
    try:
        found = pickle.loads(path.read_bytes())
    except Exception:  # a pickle may be spoilt in any way; it is made anew
        return None
    if not (isinstance(found, tuple) and len(found) == 1):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return found


def _ours(folder):
    """Whether only those may write in a folder who may also change this program."""
    try:
        found = folder.stat()
    except OSError:
        return True  # made when it is needed, for its owner alone
    if os.name != "posix":
        return True
    return found.st_uid in (os.geteuid(), PACKAGE.stat().st_uid) and not found.st_mode & 0o022
