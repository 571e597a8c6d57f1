"""The unseen instructions: their texts, tags, the scenes they fit, and their edits.

None of the texts is one of the 65 published instructions. The last group asks for edits of SPPE-mini in
other words; everything else asks for something new.
"""

from dataclasses import dataclass

from sppe_lib.errors import ConfigError
from sppe_lib.world import unseen_edits as edits
from sppe_lib.world.edits_common import Edit, EditResult, View
from sppe_lib.world.edits_things import remove_thing
from sppe_lib.world.scene import Scene
from sppe_lib.world.unseen_scenes import SCENES

_ANY = tuple(SCENES)
_SKY = ("boats at sea", "hot-air balloons", "flower garden", "farm", "duck pond")
_LAND = ("hot-air balloons", "flower garden", "farm", "duck pond", "cats")
_MOVABLE = ("cats", "flower garden", "farm")
_CAT, _FRUIT, _BOAT, _ROOM, _BALLOON, _GARDEN, _FARM, _DUCK = ((kind,) for kind in SCENES)

_BUTTERFLIES = (((6, 22, 26, 22),), ((64, 20, 26, 22),), ((10, 18, 22, 19), (66, 26, 22, 19)))
_SHEEP = (((66, 74, 28, 22),), ((4, 72, 28, 22),), ((4, 76, 24, 19), (72, 76, 24, 19)))
_BIRDS = (((6, 4, 60, 24),), ((34, 4, 60, 24),), ((18, 8, 62, 24),))
_RAINBOW = (((-4, 6, 108, 56),), ((4, 10, 92, 50),), ((-14, 4, 108, 60),))

_TABLE: tuple[tuple[str, tuple[str, ...], Edit, tuple[str, ...]], ...] = (
    # Sky, weather and season
    ("EDIT", (*_SKY, *_ROOM), edits.conditions(time="night"), (
        "Turn the sky to night", "Show this place after dark", "Make it midnight")),
    ("EDIT", _SKY, edits.conditions(time="sunset"), (
        "Give it an evening sky", "Let the sun go down", "Set it in the golden hour")),
    ("EDIT", _LAND, edits.conditions(season="winter"), (
        "Make it winter", "Cover the ground with snow", "Let everything be snowed in")),
    ("EDIT", (*_SKY, *_CAT), edits.rain, (
        "Let it rain", "Make the weather rainy", "Turn the fine weather into a downpour")),
    ("ADD/REMOVE", (*_SKY, *_CAT), edits.add("rainbow", *_RAINBOW, behind=True, sky=True, opacity=(0.95, 1.0, 0.9)), (
        "Add a rainbow", "Put a rainbow in the sky", "Let a rainbow appear behind everything")),
    ("ADD/REMOVE", _SKY, edits.add("birds", *_BIRDS, sky=True, shape_seed=(1, 2, 3)), (
        "Add a flock of birds", "Let some birds fly across the sky")),
    # Cats
    ("EDIT", _CAT, edits.recolour("orange", "cat"), ("Make the cat orange", "Dye the cat's fur ginger")),
    ("EDIT", _CAT, edits.recolour("blue", "cat"), ("Turn the cat blue",)),
    ("EDIT", _CAT, edits.become("cat", "rabbit"), ("Replace the cat with a rabbit", "Turn every cat into a bunny")),
    ("ADD/REMOVE", _CAT, edits.wear(bow=("#e0304a", "#d02080", "#2b6fd6")), (
        "Tie a ribbon around the cat's neck", "Put a bow on the cat")),
    ("ADD/REMOVE", _CAT, edits.wear(hat=("party", "party", "party")), ("Give the cat a party hat",)),
    ("ADD/REMOVE", _CAT, edits.wear(hat=("crown", "crown", "crown")), ("Let the cat wear a crown",)),
    ("ADD/REMOVE", _CAT, remove_thing("cat"), ("Remove the cat",)),
    # Fruit
    ("EDIT", _FRUIT, edits.swap_fruit("apple", "lemon"), (
        "Swap the apples for lemons", "Replace every apple with a lemon")),
    ("EDIT", _FRUIT, edits.swap_fruit("pear", "tangerine"), ("Exchange the pears for tangerines",)),
    ("EDIT", _FRUIT, edits.recolour("gold", "fruit", every=True), (
        "Turn the fruit to gold", "Make all the fruit look golden")),
    ("EDIT", _FRUIT, edits.recolour("blue", "fruit", every=True), ("Make all the fruit blue",)),
    ("EDIT", _FRUIT, edits.recolour("purple", "bowl"), ("Paint the bowl purple", "Make it a purple bowl")),
    ("EDIT", _FRUIT, edits.recolour("yellow", "bowl"), ("Paint the fruit bowl yellow",)),
    ("ADD/REMOVE", _FRUIT, edits.take_bowl_away, ("Remove the fruit bowl", "Take the bowl away")),
    ("ADD/REMOVE", _FRUIT, edits.add("juice", ((80, 46, 17, 34),), ((3, 46, 17, 34),), ((78, 50, 18, 36),)), (
        "Put a glass of juice on the table", "Add a glass of orange juice")),
    # Boats
    ("ADD/REMOVE", _BOAT, remove_thing("boat"), (
        "Remove the boat", "Take the boat out of the picture", "Let the big sailing boat vanish")),
    ("EDIT", _BOAT, edits.recolour("red", "boat", "sail"), ("Give the boat red sails", "Dye the sails red")),
    ("EDIT", _BOAT, edits.recolour("black", "boat", "sail"), ("Hoist black sails",)),
    ("EDIT", _BOAT, edits.recolour("pink", "boat", "hull"), ("Paint the hull of the boat pink",)),
    ("ADD/REMOVE", _BOAT, edits.add(
        "lighthouse", ((80, 14, 18, 46),), ((3, 14, 18, 46),), ((78, 20, 17, 40),), behind=True, sky=True), (
        "Add a lighthouse", "Put a lighthouse on the horizon")),
    # Living room
    ("EDIT", _ROOM, edits.recolour("orange", "sofa"), ("Make the sofa orange", "Cover the couch in orange cloth")),
    ("EDIT", _ROOM, edits.recolour("purple", "sofa"), ("Give the couch a purple cover",)),
    ("EDIT", _ROOM, edits.recolour("yellow", "sofa"), ("Turn the sofa yellow",)),
    ("EDIT", _ROOM, edits.wall("blue"), ("Paint the walls blue", "Give the room blue wallpaper")),
    ("EDIT", _ROOM, edits.wall("orange"), ("Paint the walls orange",)),
    ("ADD/REMOVE", _ROOM, remove_thing("floor_lamp"), ("Remove the floor lamp", "Take the lamp away")),
    ("ADD/REMOVE", _ROOM, edits.cat_on_sofa, ("Put a cat on the sofa", "Let a cat sit on the couch")),
    # Balloons
    ("EDIT", _BALLOON, edits.recolour("yellow", "balloon"), ("Make the balloon yellow",)),
    ("EDIT", _BALLOON, edits.recolour("pink", "balloon"), ("Turn the hot-air balloon pink",)),
    ("EDIT", _BALLOON, edits.recolour("black", "balloon", every=True), ("Make all the balloons black",)),
    ("EDIT", _BALLOON, edits.recolour("white", "balloon", "dots", every=True), (
        "Give the balloons polka dots", "Make the balloons spotted")),
    ("ADD/REMOVE", _BALLOON, remove_thing("balloon"), ("Remove the biggest balloon", "Delete the balloon")),
    # Garden
    ("EDIT", _GARDEN, edits.recolour("blue", "flower", every=True), (
        "Make all flowers blue", "Let the flowers bloom in blue")),
    ("EDIT", _GARDEN, edits.recolour("purple", "flower", every=True), ("Turn the flowers purple",)),
    ("EDIT", _GARDEN, edits.recolour("white", "flower", every=True), ("Make every flower white",)),
    ("ADD/REMOVE", _GARDEN, edits.add("butterfly", *_BUTTERFLIES, colour=("#f58a1e", "#3f8ae8", "#f6cf3a")), (
        "Add a butterfly", "Let butterflies flutter over the flowers")),
    ("ADD/REMOVE", _GARDEN, remove_thing("fence"), ("Remove the fence", "Take down the garden fence")),
    # Farm
    ("EDIT", _FARM, edits.recolour("blue", "barn"), ("Paint the barn blue",)),
    ("EDIT", _FARM, edits.recolour("yellow", "barn"), ("Give the barn a coat of yellow paint",)),
    ("EDIT", _FARM, edits.recolour("pink", "tractor"), ("Make the tractor pink",)),
    ("ADD/REMOVE", _FARM, remove_thing("tractor"), ("Remove the tractor", "Let the tractor drive away")),
    ("ADD/REMOVE", _FARM, edits.add("sheep", *_SHEEP), ("Put some sheep on the field", "Add sheep to the farm")),
    # Ducks
    ("EDIT", _DUCK, edits.recolour("pink", "duck"), ("Make the duck pink",)),
    ("EDIT", _DUCK, edits.recolour("blue", "duck", every=True), ("Turn all ducks blue",)),
    ("EDIT", _DUCK, edits.recolour("green", "duck"), ("Let the duck have green feathers",)),
    ("ADD/REMOVE", _DUCK, remove_thing("duck"), ("Remove the duck", "Take the big duck out of the pond")),
    # Styles
    ("STYLE", _ANY, edits.style("mosaic"), ("Make it look like a mosaic", "Lay the whole picture out in small tiles")),
    ("STYLE", _ANY, edits.style("pixel-art"), ("Turn it into pixel art", "Make it look like an old video game")),
    ("STYLE", _ANY, edits.style("pop-art"), ("Turn it into pop art", "Make it a panel of a comic book")),
    ("STYLE", _ANY, edits.style("blueprint"), ("Redraw it as a blueprint", "Make it a plan on blue paper")),
    ("STYLE", _ANY, edits.style("neon"), ("Make it glow in neon colors", "Turn all outlines into neon tubes")),
    ("STYLE", _ANY, edits.style("negative"), ("Invert the colors", "Show it as a photo negative")),
    # Edits of SPPE-mini in other words
    ("STYLE", _ANY, edits.published("034"), ("Paint it in watercolors", "Give it the look of a watercolor")),
    ("STYLE", _ANY, edits.published("032"), ("Repaint this picture in oil", "Make it an oil painting on canvas")),
    ("STYLE", _ANY, edits.published("033"), ("Redraw it with a pencil",)),
    ("STYLE", _ANY, edits.published("036"), ("Make it look as if Van Gogh had painted it",)),
    ("STYLE", _ANY, edits.published("019"), ("Give the picture a vintage look",)),
    ("STYLE", _ANY, edits.published("026"), ("Show it in the style of a far future",)),
    ("STYLE", _ANY, edits.published("045"), ("Let it look like a faded sheet of old paper",)),
    ("EDIT", _MOVABLE, edits.published("039"), ("Put a forest behind everything", "Move the scene into the woods")),
    ("EDIT", _MOVABLE, edits.published("040"), ("Place it all in a snowy landscape",)),
    ("EDIT", _MOVABLE, edits.published("041"), ("Move the whole scene under water",)),
)  # fmt: skip


@dataclass(frozen=True)
class UnseenInstruction:
    """An instruction that SPPE-mini has not: code ("u01", ...), tag, text, the kinds of scenes it fits, its edit."""

    code: str
    tag: str
    text: str
    kinds: tuple[str, ...]
    edit: Edit


_TEXTS = [(tag, text, kinds, edit) for tag, kinds, edit, texts in _TABLE for text in texts]

INSTRUCTIONS: dict[str, UnseenInstruction] = {
    f"u{number:02d}": UnseenInstruction(f"u{number:02d}", *values) for number, values in enumerate(_TEXTS, 1)
}
"""Code to instruction; every text is one of its own."""


def edit_unseen(scene: Scene, code: str, seed: int) -> EditResult:
    """Apply an unseen instruction as the simulated editor would; see `editor.edit`. Raises ConfigError likewise."""
    if code not in INSTRUCTIONS:
        raise ConfigError(f"Unknown unseen instruction {code!r}: use a code from u01 to {max(INSTRUCTIONS)}.")
    if seed < 0:
        raise ConfigError(f"The editor's seed is {seed}: use a non-negative integer.")
    return INSTRUCTIONS[code].edit(View(scene, code, int(seed)))
