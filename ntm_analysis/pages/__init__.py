"""Pages: what a notebook shows and a report binds, part by part, with tables, charts, sources and
footer.

A page reads a data set once (``Page``); its methods are the parts that a notebook calls in order.
The room is loaded name by name, since charts are slow to load.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "allocation": ["AllocationPage"],
        "charts": ["fan", "picture", "state_bars"],
        "commune": ["CommunePage", "VillagersPage"],
        "district": ["AnnexPage", "DistrictPage"],
        "forecast": ["ForecastPage", "ForecastParts"],
        "funding": ["FundingPage"],
        "meeting": ["MeetingPage"],
        "page": ["IN_LAB", "Part", "RESULT_MEDIA_TYPE", "WhatIfPart"],
        "scenarios": ["ComparisonPage"],
        "tables": [
            "DAY_FORMAT",
            "Form",
            "Head",
            "NUMBER_FORMAT",
            "SHARE_FORMAT",
            "WHOLE_FORMAT",
            "dagger",
            "office_book",
            "plain_text",
        ],
    },
)
