"""NTM workbook: where every commune stands against Vietnam's New Rural Development criteria, and what follows.

Data flows one way (see ``docs/design.md``): law and district data -> :class:`~ntm_analysis.workbook.Workbook`
-> :func:`~ntm_analysis.assess.assess` -> words, tables, charts -> notebooks -> pages.
"""

__version__ = "0.1.0"
