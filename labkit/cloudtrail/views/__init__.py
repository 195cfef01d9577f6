"""What CloudTrail shows: who did what, when people are at work, and whether the files are whole.

Views take values (calls as :class:`labkit.cloudtrail.views.acts.Act`, a proof) and return a
:class:`labkit.views.drawing.Drawing`.
"""
