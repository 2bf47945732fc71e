"""Results kept on disk under the hash of everything they rest on.

So each is worked out once and shared by all that need it. An entry is never changed: other data,
another program or other versions have another name. What cannot be kept (no room, no right to
write) or read back is worked out anew; the store may be deleted at any time. Entries are pickles of
this package's own objects, which can do whatever the program can: each is signed with a key that
stands in the user's home, so that what another hand has put there is never read. The store stands
in the user's cache folder, in which nobody else may write.
"""

import contextlib
import hashlib
import hmac
import json
import os
import pickle
import platform
import re
import secrets
import stat
import tempfile
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path, user_data_path

from .whole_files import PACKAGE, plain_bytes, write_whole

APP = "ntm-analysis"  # what its folders in the user's home are called
SIGNATURE = 32  # bytes: of the key, and of what it signs
POSIX = os.name == "posix"
PLACE = "NTM_STORE"  # of the environment: the store's folder; empty: keep nothing
DAY = 86400  # seconds
# What an entry and its lock are called; the folder may hold other files.
OURS = re.compile(r".+-[0-9a-f]{40}\.(pickle|lock)")
LIMIT = 2**30  # bytes kept; what was not used longest goes first
# What results rest on; listed here too, for `run.py` installs no metadata to read it from.
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


def hash_of(*parts):
    """Hash plain values, the same on every system.

    Parameters
    ----------
    *parts : object
        What JSON can write, else by its text.

    Returns
    -------
    str

    Examples
    --------
    >>> hash_of("a", {"b": 1})[:12]
    '8b5348e0de4f'
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def hash_of_files(*places):
    """Hash files by name and content, whatever their line ends.

    Parameters
    ----------
    *places : Path
        A file, or a folder: all files in it that are not hidden.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            inside = path.relative_to(place) if path != place else Path(path.name)
            hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if path.is_file() and not hidden:
                digest.update(inside.as_posix().encode() + b"\0" + plain_bytes(path) + b"\0")
    return digest.hexdigest()


@cache
def software():
    """Say what results rest on besides data.

    Returns
    -------
    dict of str to str
        This package by the hash of its files, Python and the libraries by version.
    """
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    own = {"ntm-analysis": hash_of_files(PACKAGE)[:16], "python": platform.python_version()}
    return own | versions


class Store:
    """A folder of results.

    Parameters
    ----------
    folder : Path or None
        Without one, every result is worked out.

    Attributes
    ----------
    folder
        As above.
    """

    def __init__(self, folder):
        self.folder = folder

    @classmethod
    def usual(cls):
        """Take the store that the environment names, else that in the user's cache folder.

        Returns
        -------
        Store
            One that keeps nothing where the folder is a link, or others may write in it.
        """
        named = os.environ.get(PLACE)
        folder = user_cache_path(APP) / "store" if named is None else Path(named or os.devnull)
        return cls(folder if _is_usable(folder) else None)

    def keep(self, subject, rests_on, make):
        """Read a result, or work it out and keep it.

        Parameters
        ----------
        subject : str
        rests_on : object
            Plain values; the software counts too.
        make : callable
            Gives the result. Of several processes that need it at once, one makes it and the others
            wait. What is raised is raised and not kept.

        Returns
        -------
        object
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{subject}-{hash_of(subject, rests_on, software())[:40]}.pickle"
        if entry := _read(path):
            return entry[0]
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, NotImplementedError):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(FileLock(path.with_suffix(".lock")))
                if entry := _read(path):
                    return entry[0]
            result = make()
            with contextlib.suppress(OSError):
                content = pickle.dumps((result,), protocol=5)
                write_whole(path, _signature(path, content) + content, durable=False)
            return result

    def prune(self, limit=LIMIT):
        """Delete what was used longest ago, and locks of a day ago that hold nothing.

        Parameters
        ----------
        limit : int
            Bytes kept at most. Files of anybody else are left alone.
        """
        if self.folder is None or not self.folder.is_dir():
            return
        entries, held = [], 0
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another program deletes here too
                status, ours = path.lstat(), OURS.fullmatch(path.name)
                if ours and ours[1] == "pickle":
                    entries.append((status.st_mtime, status.st_size, path))
                elif (
                    ours
                    and status.st_mtime < time.time() - DAY
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
    """Read an entry, a tuple so that a result may be None.

    None where it is not there, spoilt, or written by another hand.
    """
    try:
        signed = _own_bytes(path)
        content = signed[SIGNATURE:]
        if not hmac.compare_digest(signed[:SIGNATURE], _signature(path, content)):
            return None
        entry = pickle.loads(content)
    except Exception:  # a pickle of older software may be spoilt in any way; it is made anew
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return entry


def _signature(path, content):
    """What only this user can write before the content of an entry of this name."""
    return hmac.digest(_key(), path.name.encode() + b"\0" + content, "sha256")


@cache
def _key():
    """The secret of this user, made when it is first needed.

    Raises OSError where it cannot be kept, or is not the user's own.
    """
    path = user_data_path(APP) / "store.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)  # which nobody else may read
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SIGNATURE))
            file.flush()
            os.fsync(file.fileno())
        try:
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(name, path)
        finally:
            os.unlink(name)
    key = _own_bytes(path, 0o077)
    if len(key) != SIGNATURE:  # a shorter one could be guessed
        raise PermissionError(f"{path}")
    return key


def _own_bytes(path, forbidden=0o022):
    """Read a plain file, no link, that is the user's own; others have no ``forbidden`` rights.

    Raises OSError where it is another's, or there is none.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or not _is_own(status, forbidden):
            raise PermissionError(f"{path}")
        return file.read()


def _is_own(status, forbidden):
    """Whether something is the user's own, without rights for others; other systems cannot say."""
    return not POSIX or (status.st_uid == os.geteuid() and not status.st_mode & forbidden)


def _is_usable(folder):
    """Whether a folder is there, or can be made, in which nobody but the user writes."""
    try:
        status = folder.lstat()
    except OSError:
        return True  # made when it is needed, for its owner alone
    return stat.S_ISDIR(status.st_mode) and _is_own(status, 0o022)
