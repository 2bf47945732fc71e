"""A data set's folder made or replaced as a whole: built and checked beside its place, then put
there; the old one is kept.

Beside ``<name>`` stand, hidden: ``.<name>.lock`` (one import at a time), ``.<name>.building<...>``
(a copy not finished), ``.<name>.next`` (a version complete and checked) and
``.<name>.previous/<time>`` (the versions before, the last :data:`KEEP`). Whenever the process is
killed, ``<name>`` is the old version or the new one; where a system cannot swap two folders in one
act, :func:`heal` ends what was begun.
"""

import contextlib
import ctypes
import datetime as dt
import errno
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

Checked = TypeVar("Checked")
KEEP = 20  # previous versions kept
_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2
_CANNOT_SWAP = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class Busy(Exception):
    """Another import into the same data set is under way."""


class Touched(Exception):
    """Somebody changed the data set's files while the import was reading them."""


def beside(folder: Path, what: str) -> Path:
    """The hidden place beside a data set: lock, next, previous.

    >>> beside(Path("data/thanh-chuong"), "previous").as_posix()
    'data/.thanh-chuong.previous'
    """
    return folder.parent / f".{folder.name}.{what}"


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keeps others from importing into a data set; raises :class:`Busy` when one does.

    A killed one holds nothing.
    """
    try:
        with FileLock(beside(folder, "lock"), timeout=0):
            yield
    except Timeout:
        raise Busy from None


@contextlib.contextmanager
def _built(folder, files, check):
    """A hidden copy of ``folder``, which may not exist yet, with ``files`` in it, on the disk and
    checked, and what ``check`` gives; nothing is left of it when that or the block fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.building"))
    try:
        os.chmod(building, 0o755)
        if folder.exists():
            shutil.copytree(folder, building, dirs_exist_ok=True)
        for name, text in files.items():
            (building / name).write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        for path in (*building.iterdir(), building):
            _to_disk(path)
        yield building, check(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def write_new(
    folder: Path, files: dict[str, str | bytes], check: Callable[[Path], Checked]
) -> Checked:
    """Write a new data set into ``folder`` (missing or empty), all or nothing; gives what ``check``
    gives, as in :func:`replace_version`.
    """
    with _built(folder, files, check) as (building, checked):
        if folder.exists():
            folder.rmdir()  # empty: some systems do not rename over a folder
        os.rename(building, folder)
    _to_disk(folder.parent)
    return checked


def replace_version(
    folder: Path,
    files: dict[str, str | bytes],
    check: Callable[[Path], object],
    now: dt.datetime,
    log: str = "",
) -> Path:
    """Give a data set the next version of some of its files, all or nothing; where the version
    before is kept.

    Call it within :func:`only_one`. ``check`` opens the next version and raises what is wrong with
    it; then, as on any OSError (no room, no right to write), nothing was changed. ``log`` is kept
    beside the previous version.
    """
    ready, kept = beside(folder, "next"), beside(folder, "previous")
    clean(folder, now)
    before = stamp(folder)
    with _built(folder, files, check) as (building, _):
        if stamp(folder) != before:
            raise Touched
        kept.mkdir(exist_ok=True)
        if not os.access(folder, os.W_OK):  # it could be swapped, but not filed
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        place = _free(kept, now)
        if log:
            place.with_suffix(".txt").write_text(log, encoding="utf-8-sig")
        os.rename(building, ready)
    swap(folder, ready, place)
    for old in sorted(path for path in kept.iterdir() if path.is_dir())[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
        old.with_suffix(".txt").unlink(missing_ok=True)
    return place


def swap(folder: Path, ready: Path, place: Path) -> None:
    """``ready`` becomes ``folder``, and what was there goes to ``place``."""
    if exchange(ready, folder):
        _or_back(ready, place, lambda: exchange(ready, folder))
    else:  # a moment without the folder: heal() puts the next version in its place
        os.rename(folder, place)
        _or_back(ready, folder, lambda: os.rename(place, folder))
    _to_disk(folder.parent)


def _or_back(source, target, back):
    try:
        os.rename(source, target)
    except OSError:
        back()
        raise


def exchange(one: Path, other: Path) -> bool:
    """Two folders swapped in one act of the system; False where it has none."""
    a, b = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(a, b, _RENAME_SWAP)
        else:
            failed = library.renameat2(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE)
    except (OSError, TypeError, AttributeError):  # Windows, an old library
        return False
    code = ctypes.get_errno()
    if failed and code not in _CANNOT_SWAP:
        raise OSError(code, os.strerror(code), str(other))
    return not failed


def clean(folder: Path, now: dt.datetime) -> None:
    """What a killed process left: half-made copies go; a complete version that it no longer filed
    is kept with the others.
    """
    for path in folder.parent.glob(f".{glob.escape(folder.name)}.building*"):
        shutil.rmtree(path, ignore_errors=True)
    if beside(folder, "next").exists():
        kept = beside(folder, "previous")
        kept.mkdir(exist_ok=True)
        place = _free(kept, now)
        os.rename(beside(folder, "next"), place.with_name(place.name + "-do-dang"))


def heal(folder: Path) -> bool:
    """Put the next version in its place where an import was killed between taking the old one away
    and that; whether it did.
    """
    ready = beside(folder, "next")
    if folder.exists() or not ready.is_dir():
        return False
    with contextlib.suppress(OSError, Timeout), FileLock(beside(folder, "lock"), timeout=10):
        if not folder.exists():
            os.rename(ready, folder)
    return folder.exists()


def stamp(folder: Path) -> list[tuple]:
    """What tells that a file of the folder was changed."""
    return sorted((p.name, s.st_size, s.st_mtime_ns) for p in folder.iterdir() if (s := p.stat()))


def _free(kept, now):
    """A name for a version, in the order of time."""
    made = kept / f"{now:%Y-%m-%dT%H%M%S}"
    number = 1
    while made.exists():
        number += 1
        made = kept / f"{now:%Y-%m-%dT%H%M%S}-{number:02d}"
    return made


def _to_disk(path):
    """What was written to a file or folder lies on the disk, whatever happens to the current."""
    with contextlib.suppress(OSError):  # a system that cannot do it for folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
