"""The laboratory: what somebody who opens the notebooks sees beside the pages: the start page, the
what-if panel.

Loaded name by name: widgets are needed only where somebody looks on.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"panel": ["what_if_panel"], "start_page": ["StartPage"]}
)
