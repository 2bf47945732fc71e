"""Whether every commune will finish by the deadline; forecasts registered and scored.

What is published of other provinces (``evidence``) gives the pace of an area and its years
(``pace``); a data set gives who may stand on which year's list (``yearly_list``) and what works
cost, take and may be paid from (``worlds``). Year by year communes are listed, paid and judged
(``cycle``), in all worlds of a run (``simulation``); ``forecast`` says what the worlds say,
``price`` what more money brings. ``back_test`` holds the method against provinces left out,
``scoring`` registered forecasts against what happened.

A forecast begins with ``forecast.forecast``, or with ``forecast_of`` a ``worlds.Layout`` of a
``yearly_list.schedule``. The modules are imported one by one: the command line asks for the
schedule alone and shall not wait for the rest.
"""
