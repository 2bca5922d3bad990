"""Runs compared, as they are shown on a terminal and as a page.

view.py    the first screen, and the sections in order      context.py   one comparison in one language
sides.py   scores side by side, paired tests, seeds         changed.py   answers that differ, row by row
costs.py   what each costs, and how the recipes differ
"""

from tunewright.report.compared.view import compared_view

__all__ = ["compared_view"]
