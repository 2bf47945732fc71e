"""NTM workbook: where every commune stands against Vietnam's New Rural Development criteria, and
what follows.

Data flows one way (see ``docs/design.md``): law and district data ->
:class:`~ntm_analysis.workbook.Workbook` -> :func:`~ntm_analysis.assess.assess` -> words, tables,
charts -> notebooks -> pages.
"""

import os

# Worlds are spread over threads by this package; threads of the library behind matrix products
# would stand in their way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
__version__ = "0.1.0"
