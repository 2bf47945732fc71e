"""Files written whole or not at all, and where those of the repository stand."""

import contextlib
import hashlib
import os
import platform
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
REPOSITORY = PACKAGE.parent
DATA = REPOSITORY / "data"
LARGEST = 500_000_000  # bytes: a table of the whole country has a tenth
_MACHINE = hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def bounded_bytes(path, most):
    """The bytes of a plain file, of a larger one no more than one beyond ``most``.

    Parameters
    ----------
    path : Path
    most : int

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        For a pipe or a device, too, which would be waited for.
    """
    if path.exists() and not path.is_file():
        raise OSError(path)
    with path.open("rb") as file:
        return file.read(most + 1)


def plain_bytes(path):
    """Read what is hashed of a file: the same on every system, whatever its line ends.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bytes
        Of a file larger than any table, of which nothing comes but a refusal, the beginning.
    """
    return bounded_bytes(path, LARGEST).replace(b"\r\n", b"\n")


def to_disk(path):
    """Bring what was written to a file or folder on the disk, whatever happens to the current.

    Parameters
    ----------
    path : Path
    """
    with contextlib.suppress(OSError):  # a system that cannot do it for folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def unfinished():
    """How the name begins of what this process has not written to its end.

    Returns
    -------
    str
        It says by whom it is written, so that :func:`sweep` knows whether anybody still does.
    """
    return f".ntm-{_MACHINE}-{os.getpid()}-"


def sweep(folder):
    """Remove what killed processes of this machine left unfinished in a folder.

    Parameters
    ----------
    folder : Path
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            writer = re.match(rf"\.ntm-{_MACHINE}-(\d+)-", path.name)
            if writer and not _writes(int(writer[1]), path):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


_sweep_once = cache(sweep)


def _writes(process, path):
    """Whether a process lives that began before ``path`` was last changed, so may write it yet."""
    import psutil  # seldom needed, and slow to load

    try:
        began = psutil.Process(process).create_time()
        return began <= path.lstat().st_mtime + 60  # the two clocks may differ
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.Error:
        return True


def write_whole(path, content, durable=True):
    """Write a file so that a reader sees the old one or the new one, never a part.

    Parameters
    ----------
    path : Path
        Its folder is made where there is none.
    content : str or bytes
    durable : bool
        Whether it shall be on the disk when this returns; what can be made anew need not.

    Raises
    ------
    OSError
        Then nothing was changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    _sweep_once(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=unfinished(), suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
        if durable:
            to_disk(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
