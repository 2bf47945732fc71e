"""A data set's folder made or replaced as a whole; the old one is kept.

A version is built and checked beside its place, then put there. Beside ``<name>`` stand, hidden:
``.<name>.lock`` (one import at a time), ``.ntm-<...>`` (a copy not finished,
swept by the next command once its maker is gone),
``.<name>.next`` (a version complete and checked) and ``.<name>.previous/<time>`` (the versions
before, the last :data:`KEEP`). Whenever the process is killed, ``<name>`` is the old version or the
new one; where a system cannot swap two folders in one act, :func:`heal` ends what was begun.
"""

import contextlib
import ctypes
import datetime as dt
import errno
import os
import shutil
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from ..language import RefusalError
from ..tables import sweep, to_disk, unfinished

KEEP = 20  # previous versions kept
_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2
_CANNOT_SWAP = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class BusyError(RefusalError):
    """Another import into the same data set is under way."""


class TouchedError(RefusalError):
    """Somebody changed the data set's files while the import was reading them."""


def beside(folder, what):
    """Name a hidden place beside a data set.

    Parameters
    ----------
    folder : Path
    what : str
        ``lock``, ``next`` or ``previous``.

    Returns
    -------
    Path

    Examples
    --------
    >>> beside(Path("data/thanh-chuong"), "previous").as_posix()
    'data/.thanh-chuong.previous'
    """
    return folder.parent / f".{folder.name}.{what}"


@contextlib.contextmanager
def only_one(folder):
    """Keep others from importing into a data set; a killed process holds nothing.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    None

    Raises
    ------
    BusyError
        When another import is under way.
    """
    try:
        with FileLock(beside(folder, "lock"), timeout=0):
            yield
    except Timeout:
        raise BusyError("import_busy") from None


@contextlib.contextmanager
def _built(folder, files, check):
    """Build a hidden copy of ``folder``, which may not exist yet, with ``files`` in it, and check.

    Gives the copy, which lies on the disk, and what ``check`` gives; nothing is left of the copy
    when that or the block fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=unfinished()))
    try:
        os.chmod(building, 0o755)
        if folder.exists():
            _copy(folder, building)
        for name, text in files.items():
            (building / name).write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        for path in (*building.iterdir(), building):
            to_disk(path)
        yield building, check(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _copy(source, target):
    """Copy what stands in a folder; the first file that cannot be copied ends it."""
    for path in source.iterdir():
        if path.is_dir():
            (target / path.name).mkdir()
            _copy(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)


def write_new(folder, files, check):
    """Write a new data set, all or nothing.

    Parameters
    ----------
    folder : Path
        Missing or empty.
    files : dict of str to str or bytes
        By name.
    check : callable
        Opens the folder and raises what is wrong with it.

    Returns
    -------
    object
        What ``check`` gives.
    """
    with _built(folder, files, check) as (building, checked):
        if folder.exists():
            folder.rmdir()  # empty: some systems do not rename over a folder
        os.rename(building, folder)
    to_disk(folder.parent)
    return checked


def replace_version(folder, files, check, now, log=""):
    """Give a data set the next version of some of its files, all or nothing.

    Call it within :func:`only_one`.

    Parameters
    ----------
    folder : Path
    files : dict of str to str or bytes
        By name.
    check : callable
        Opens the next version and raises what is wrong with it; then, as on any OSError (no room,
        no right to write), nothing was changed.
    now : datetime.datetime
    log : str
        Kept beside the previous version.

    Returns
    -------
    Path
        Where the version before is kept.

    Raises
    ------
    TouchedError
        When somebody changed the files meanwhile.
    """
    ready, previous = beside(folder, "next"), beside(folder, "previous")
    _file_away(folder, now)
    before = stamp(folder)
    with _built(folder, files, check) as (building, _):
        if stamp(folder) != before:
            raise TouchedError("import_touched")
        previous.mkdir(exist_ok=True)
        if not os.access(folder, os.W_OK):  # it could be swapped, but not filed
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        place = _free(previous, now)
        if log:
            place.with_suffix(".txt").write_text(log, encoding="utf-8-sig")
        os.rename(building, ready)
    swap(folder, ready, place)
    for old in sorted(path for path in previous.iterdir() if path.is_dir())[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
        old.with_suffix(".txt").unlink(missing_ok=True)
    return place


def swap(folder, ready, place):
    """Put a version in its place, and what was there in its own.

    Parameters
    ----------
    folder : Path
        The place of the data set.
    ready : Path
        The version that becomes the data set.
    place : Path
        Where the old version goes.
    """
    if exchange(ready, folder):
        _or_back(ready, place, lambda: exchange(ready, folder))
    else:  # a moment without the folder: heal() puts the next version in its place
        os.rename(folder, place)
        _or_back(ready, folder, lambda: os.rename(place, folder))
    to_disk(folder.parent)


def _or_back(source, target, back):
    try:
        os.rename(source, target)
    except OSError:
        back()
        raise


def exchange(one, other):
    """Swap two folders in one act of the system.

    Parameters
    ----------
    one, other : Path

    Returns
    -------
    bool
        False where the system has no such act.

    Raises
    ------
    OSError
        Where the system has it and refuses.
    """
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


def _file_away(folder, now):
    """Keep a complete version that a killed process no longer filed with the others."""
    ready, previous = beside(folder, "next"), beside(folder, "previous")
    if ready.exists():
        previous.mkdir(exist_ok=True)
        os.rename(ready, _free(previous, now, "-do-dang"))


def heal(folder):
    """End what a killed import began.

    Where it was killed after the old version was taken, the next one is put in its place; one that
    stands beside a data set is kept with those before.

    Parameters
    ----------
    folder : Path
    """
    ready, missing = beside(folder, "next"), not folder.exists()
    if ready.is_dir():
        with (
            contextlib.suppress(OSError, Timeout),
            FileLock(beside(folder, "lock"), timeout=10 if missing else 0),
        ):
            if folder.exists():
                _file_away(folder, dt.datetime.now())
            else:
                os.rename(ready, folder)


def stamp(folder):
    """Say what tells that a file of a folder was changed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of tuple
    """
    return sorted((e.name, e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(folder))


def _free(previous, now, end=""):
    """Choose a name for a version, in the order of time."""
    time, number = f"{now:%Y-%m-%dT%H%M%S}", 1
    place = previous / f"{time}{end}"
    while place.exists():
        number += 1
        place = previous / f"{time}-{number:02d}{end}"
    return place
