"""Correct by hand, in JupyterLab, what was found: untick regions, add boxes with sliders."""

from dataclasses import replace

import ipywidgets as widgets

from sppe_lib.data.taxonomy import categories
from sppe_lib.photo.protect import Found
from sppe_lib.photo.regions import Region, drawn, next_number
from sppe_lib.pictures import png_bytes


class ByHand:
    """`panel`: what JupyterLab shows. `found`: the photo with the regions as they are now ticked and drawn."""

    def __init__(self, found: Found):
        self.found = found
        height, width = found.source.shape[:2]
        self._all: list[Region] = []
        # A tick for each: in a list, a click on one would silently take all others away.
        self.kept = widgets.VBox()
        self.across = widgets.IntRangeSlider(value=(0, width // 4), max=width, description="x")
        self.down = widgets.IntRangeSlider(value=(0, height // 4), max=height, description="y")
        self.category = widgets.Dropdown(options=list(categories()), value="human face", description="what")
        button = widgets.Button(description="add this box")
        button.on_click(lambda _: self.add())
        self._picture = widgets.Image(layout=widgets.Layout(max_width="640px"))
        self._join(found.regions)
        controls = widgets.VBox([self.kept, self.across, self.down, self.category, button])
        self.panel = widgets.HBox([controls, self._picture])

    def add(self) -> None:
        """Make the box of the sliders private."""
        (x0, x1), (y0, y1) = self.across.value, self.down.value
        region = drawn(f"{x0},{y0},{x1},{y1},{self.category.value}", self.found.source.shape[:2])
        self._join([replace(region, number=next_number(self._all))])

    def _join(self, regions: list[Region]) -> None:
        for region in regions:
            tick = widgets.Checkbox(value=True, description=f"{region.number} {region.category} {region.text}")
            tick.observe(lambda _: self._show(), names="value")
            self.kept.children = (*self.kept.children, tick)
        self._all += regions
        self._show()

    def _show(self) -> None:
        kept = [region for region, tick in zip(self._all, self.kept.children) if tick.value]
        self.found = Found(self.found.name, self.found.source, kept)
        self._picture.value = png_bytes(self.found.preview())
