"""A console that can show what is printed, whatever its encoding."""

import codecs
import sys

from .spelling import plain


def readable_console():
    """Let a console that cannot show Vietnamese (cp1252) show letters without diacritics.

    Without this call such a console ends a command with a traceback.
    """

    def without_marks(error):
        letters = error.object[error.start : error.end]
        bare = "".join((plain(c).upper() if c.isupper() else plain(c)) or " " for c in letters)
        return bare.encode("ascii", "replace").decode("ascii"), error.end

    codecs.register_error("without-marks", without_marks)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="without-marks")


def utf8(stream):
    """Whether a stream takes UTF-8.

    Parameters
    ----------
    stream : file

    Returns
    -------
    bool
    """
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8"
