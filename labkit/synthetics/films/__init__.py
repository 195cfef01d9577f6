"""Recorded runs: what canaries saw on a machine with a browser, for those that have none.

A machine without Chromium can run a heartbeat over HTTP, and it takes no picture. A lesson that
asks for one (``lab.synthetics.film_strip("till", recorded="till")``) shows a *film* there: a run
that was real once, with its pictures, steps, comparisons and requests, labelled as what it is.
Nothing else shows it, and no operation, metric or alarm knows of it.

``labkit course record-films`` makes them anew.
"""
