"""Shared drawing: values in, a :class:`~labkit.views.drawing.Drawing` out.

========== =====================================================================================
drawing    what every view returns: shows itself in Jupyter, in a terminal and as a file
theme      colours and the states' faces: what a colour means, all course long
timeaxis   instants, and where a UTC axis has its ticks
wording    numbers and times as people read them
sheet      the drawing surface: matplotlib in, SVG out that is the same to the byte everywhere
curves     series read from whatever holds them: arrays, boto3 responses, pandas
happenings what happened beside them: states of alarms, e-mails, incidents
story      what these data say, as a title and as values
steps      curves as steps in pixels
chart      all of it on one time axis
periods    an alarm's evaluation range as boxes
html text  tables, chips and cards, once for a page and once for a terminal
mailbox    e-mails that show themselves as letters
card       a lab's card
events     CloudTrail's event history as a table
========== =====================================================================================

Views know no lab, no clock and no store; what belongs to one service is in that service's own
``views.py``. Nothing here is imported before somebody draws.
"""
