"""Recordings: what somebody clicked and typed, as the script of a canary.

A recording is a list of steps as Chrome's DevTools write it (:mod:`.devtools`); labkit's own
recorder (:mod:`.recorder`) writes the same. :func:`labkit.synthetics.recording.devtools.read` makes
the script of either.
"""
