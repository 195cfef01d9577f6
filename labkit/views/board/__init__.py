"""Boards: tiles on a grid, as a dashboard shows them. Values in, one picture out.

:mod:`.values` says what can stand in a tile; each kind of content has one file that paints it and
tells it in characters; :mod:`.board` puts the tiles on the grid.
"""
