"""Reports: all pages of a district, made in processes of their own, with an index, one file, an
archive.

``make_report`` plans the pages, runs those that changed and publishes them whole. The room is
loaded name by name: a command that makes no pages does not wait for it, and the cluster's library
is needed only by who asks for a cluster.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "batch": ["FolderBusyError", "surroundings"],
        "cluster": ["ClusterRuns", "NoClusterError"],
        "report": ["NoRoomError", "Progress", "make_report", "meeting_questions", "page_list"],
        "render": ["TEMPLATES"],
        "workers": ["MEMORY_VARIABLE", "WrongMemoryError"],
    },
)
