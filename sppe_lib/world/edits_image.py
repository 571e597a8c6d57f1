"""Edits of the whole image by the simulated editor: backgrounds (037 to 041) and styles."""

from dataclasses import replace

from sppe_lib.world.edits_common import WHOLE, Edit, EditResult, View, misses

STYLE_NAMES = {
    "019": "vintage", "020": "modern", "021": "medieval", "022": "high-tech", "024": "1920s", "025": "1980s",
    "026": "futuristic", "027": "victorian", "028": "chinese", "029": "indian", "030": "egyptian",
    "031": "medieval-european", "032": "oil", "033": "pencil", "034": "watercolor", "035": "monet",
    "036": "van-gogh", "042": "luxury", "043": "perfume", "044": "magazine", "045": "old-paper",
    "046": "manuscript",
}  # fmt: skip
"""Instruction code to the name of a raster style in `styles`."""

BACKGROUNDS = {
    "037": (("city", "night"), ("street", "night"), ("park", "night")),
    "038": (("beach", "sunset"), ("park", "sunset"), ("city", "sunset")),
    "039": (("forest", "day"),) * 3,
    "040": (("snow", "day"),) * 3,
    "041": (("underwater", "day"),) * 3,
}
"""Instruction code to the places and times it may become."""

OUTDOORS = ("street", "park", "beach", "city", "forest", "snow")
"""Places that stay what they are when only the time of day changes."""


def in_style(view: View, name: str) -> EditResult:
    """The whole image in a raster style; strength and variant follow its tone and the seed."""
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    choice = view.realisation(WHOLE, 3)
    parameters = {"variant": choice, "strength": (0.95, 0.85, 1.0)[view.realisation(WHOLE, 5) % 3]}
    styles = (*view.scene.styles, (name, parameters))
    return EditResult(replace(view.scene, styles=styles), "done")


def style(view: View) -> EditResult:
    """The whole image in the style of the instruction."""
    return in_style(view, STYLE_NAMES[view.code])


def background(view: View) -> EditResult:
    """Another setting behind the same elements."""
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    old = view.scene.setting
    choice = view.realisation(WHOLE, 3)
    place, time = BACKGROUNDS[view.code][choice]
    if view.code in ("037", "038") and old.get("place") in OUTDOORS and old.get("time") != time:
        place = old["place"]
    # What was decorated stays behind; a few layouts of each new place exist.
    new = {**old, "place": place, "time": time, "weather": "clear"}
    if place != old.get("place"):
        new["variant"] = 1000 + choice
    return EditResult(replace(view.scene, setting=new), "done")


EDITS: dict[str, Edit] = {**{code: style for code in STYLE_NAMES}, **{code: background for code in BACKGROUNDS}}
"""Instruction code to edit."""
