"""What the figures share: the look, and how a panel says that it has nothing to show."""

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}
"""For `matplotlib.rc_context`."""


def absent(axis, text: str) -> None:
    """Say in an axis why it is empty."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes)
