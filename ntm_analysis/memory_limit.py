"""How much memory a page run and its kernel may take, where the system knows such limits."""

import os
from pathlib import Path

PLACE = "NTM_PAGE_MEMORY"  # of the environment: MiB for one run; empty or 0: no limit
LEAST = 512  # MiB: with 300 a run still works, with 150 its kernel does not start
MOST = 2**30  # MiB that anybody may ask for
STATM = Path("/proc/self/statm")


class WrongMemory(ValueError):
    """The environment asks for an amount of memory that is none; the message is what it says."""


def usual_limit(jobs: int) -> int:
    """MiB for each of ``jobs`` runs at a time: as the environment says, else an equal part of four fifths of the machine's
    memory, and not too little to start; 0 where that is not known. Raises :class:`WrongMemory`."""
    if told := os.environ.get(PLACE, "").strip():
        if not (told.isascii() and told.isdecimal() and int(told) <= MOST):
            raise WrongMemory(told)
        return int(told)
    if PLACE in os.environ:
        return 0
    try:
        return max(LEAST, int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.8 / jobs / 2**20))
    except (AttributeError, ValueError, OSError):
        return 0


def limit_memory(more: int) -> None:
    """Let this process, and what it starts, take ``more`` MiB beyond what it has now; 0: no limit."""
    if more and STATM.exists():
        import resource

        wanted = int(STATM.read_text().split()[0]) * resource.getpagesize() + more * 2**20
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most < 0 else min(wanted, most), most))
