"""NTM workbook: where communes stand in Vietnam's New Rural Development, and what finishing takes.

``import ntm_analysis as ntm``: :func:`open_workbook` gives a data set, :func:`scenario` one with
some rows changed; :func:`assess`, :func:`need`, :func:`forecast`, :func:`allocate`,
:func:`compare`, :func:`meeting` answer about it in tidy tables; :func:`report` makes its pages.
Each is loaded when it is first used. How the package is built: ``docs/developer/rooms.md``.
"""

import os

import lazy_loader

# Worlds are spread over threads by this package; threads of the library behind matrix products
# would stand in their way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
__version__ = "0.1.0"

FACE = ["open_workbook", "scenario", "assess", "need", "forecast", "allocate"]
FACE += ["compare", "meeting", "report"]
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"face": FACE})
