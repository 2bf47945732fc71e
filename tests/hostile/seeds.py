"""The seed of the attempts, what is never to be read in an answer, and a patience that ends.

``NTM_SEED`` gives the seed; else it is the same in every usual run and with ``--long`` that of the
day (see ``pytest_configure``).
"""

import contextlib
import os
import random
import signal
from collections.abc import Iterator

from ntm_analysis.language import text

# What the command says of a fault of its own, as far as it is the same for all faults.
UNFORESEEN = [
    text(key, lang, detail="").rstrip()
    for key in ("cli_unforeseen", "cli_no_memory")
    for lang in ("vi", "en")
]


def seed() -> str:
    return os.environ["NTM_SEED"]


def chance(*names: object) -> random.Random:
    """Chances of an attempt's own: of the seed, the family and the number."""
    return random.Random("/".join(map(str, (seed(), *names))))


def faults_in(said: str) -> list[str]:
    """What an answer says that no input may bring about."""
    return [words for words in ("Traceback", *UNFORESEEN) if words in said]


@contextlib.contextmanager
def patience(seconds: int) -> Iterator[None]:
    """TimeoutError when an answer never comes; on systems without alarms it is waited for."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
