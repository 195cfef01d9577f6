"""Whether traces of a program can reach X-Ray from where it runs, and why not.

Four questions decide, whatever the platform::

    who sends?          an SDK: UDP to an address, 127.0.0.1:2000 when nobody says another
    who listens?        a daemon, on UDP 2000, where that address leads
    who may pass on?    the role (or the keys) that the daemon finds where it runs
    what is recorded?   the sampling rules, which the daemon asks for as that same role

Each platform has its own file: :mod:`.ec2`, :mod:`.on_premises`, :mod:`.beanstalk`, :mod:`.ecs`,
:mod:`.functions`. Each takes AWS's own documents as plain values and returns a
``Verdict[bool]``: True when traces arrive. Its reasons name what is wrong, most decisive first; a
reason whose rule begins with ``remark`` keeps no trace back.
"""
