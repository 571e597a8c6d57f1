"""What the figures share: the look, a layout that stays, and how a panel says that it has nothing to show."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.transforms import Bbox

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}
"""For `matplotlib.rc_context`."""


PLACES = 6
"""Decimals of a position, as a share of the figure: a thousandth of a pixel."""


def settle(figure: Figure) -> None:
    """Lay a figure out once and round every position; nothing moves when it is drawn after that.

    matplotlib's constrained layout is solved in an order that follows memory addresses, so its last bits change
    from run to run, and what falls on half a pixel then goes to either side.
    """
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    parts = figure.findobj(SubFigure)
    for part in parts:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), PLACES))
    for axis in figure.findobj(Axes):
        axis.set_position(Bbox(np.round(axis.get_position(original=True).get_points(), PLACES)))
    for text in (text for part in (figure, *parts) for text in part.texts):
        text.set_position(np.round(text.get_position(), PLACES))


def absent(axis, text: str) -> None:
    """Say in an axis why it is empty."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes)
