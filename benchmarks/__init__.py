"""How fast labkit is, as ratios against a peer or a limit measured in the same run.

``make bench`` prints one table. Nothing here is a test: a busy machine changes every number and
should change no ratio by much.
"""
