"""Things that carry a private text: cards, pages, telephones, forms, signs, badges, cakes, calendars, clocks."""

from sppe_lib.world import people
from sppe_lib.world.colours import VIVID, is_dark, paper_ink
from sppe_lib.world.dice import LISTS, Dice
from sppe_lib.world.layouts import Text, box, element, part, person, scene, table, table_things, text, thumb
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.shapes import lines_of

FONTS = LISTS["fonts"]


def card(dice: Dice, content: Text, title: str) -> Scene:
    """A business card on a table, or held up by a person."""
    look, held = dice.record("card"), dice.chance(0.4)
    width = dice.between(62, 90)
    height = width / 1.6
    x, y = dice.between(3, 97 - width), dice.between(3, 97 - height)
    places, behind, front = "desk", [], []
    if held:
        places, behind = "room office shop street", [person(dice, 50 + dice.between(-12, 12), 90, 82)]
        width = dice.between(58, 70)
        height = width / 1.75
        x, y = (100 - width) / 2, 97 - height
        front = [thumb(x - 8, y + height * 0.55, behind[0].attributes["body_skin"])]
    frame = (x, y, width, height)
    look |= dice.record("card face", **look)
    within = part(frame, 0.1, 0.4, 0.86, 0.52 if len(lines_of(content)) > 1 else 0.34)
    words = text(content, within, look["ink"], dice.pick(FONTS))
    shown = element("business_card", frame, look, text=title)
    return scene(dice, places, behind or table_things(dice), shown, words, front)


def page(dice: Dice, content: Text, title: str) -> Scene:
    """A profile page on a screen, with a portrait and the text beside it."""
    frame, look = box(dice, dice.between(1.0, 1.3), 78, 96), dice.record("page")
    x, y, width, height = frame
    tall = min(height * 0.4, 17 * len(lines_of(content)))
    words = text(content, (x + width * 0.39, y + height * 0.24, width * 0.58, tall), look["_ink"], look["_font"])
    heading = text(title, (x + width * 0.4, y + height * 0.66, width * 0.3, 7), "grey", private=False)
    return scene(dice, "desk office wall room", element("page", frame, look), words, heading)


def phone(dice: Dice, content: Text, title: str) -> Scene:
    """A mobile telephone that shows a caller or a page."""
    height = dice.between(84, 94)
    width = height * 0.62
    x, y = dice.between(6, 94 - width), (100 - height) / 2
    look, calls = dice.record("phone"), title == "CALL" and dice.chance(0.6)
    look |= {"content": "caller", "text": ""} if calls else {"content": "page", "text": title}
    ink = "white" if is_dark(look["screen"]) else dice.pick(paper_ink(look["screen"]))
    tall = min(17 * len(lines_of(content)), height * 0.34)
    words = text(content, (x + width * 0.1, y + height * (0.38 if calls else 0.28), width * 0.8, tall), ink)
    skin, shown = dice.pick(people.SKINS), element("phone", (x, y, width, height), look)
    if not dice.chance(0.5):
        return scene(dice, "desk", table_things(dice, 1), shown, words)
    hand = Element("hand", x + 4, 44, width, 60, {"skin": skin, "sleeve": dice.pick(VIVID)})
    return scene(dice, "street room shop park", hand, shown, words, thumb(x + width - 10, 62, skin, 20, 30))


def envelope(dice: Dice, content: Text, title: str) -> Scene:
    """An envelope on a table or held by a person."""
    width = dice.between(72, 94)
    height = width / 1.5
    x, y = dice.between(2, 98 - width), dice.between(3, 97 - height)
    places, behind = "desk", []
    if dice.chance(0.3):
        places, behind, width = "street room office", [person(dice, 50, 89, 82)], dice.between(56, 64)
        height, x = width / 1.55, 50 - width / 2
        y = 97 - height
    frame, look = (x, y, width, height), dice.record("envelope")
    within = part(frame, 0.08, 0.42, 0.7, 0.46 if len(lines_of(content)) > 1 else 0.28)
    words = text(content, within, look["_ink"], look["_font"])
    return scene(dice, places, behind or table_things(dice), element("letter", frame, look), words)


def form(dice: Dice, content: Text, title: str) -> Scene:
    """A form with one large field."""
    frame, look = box(dice, dice.between(0.9, 1.1), 84, 96), dice.record("form")
    words = text(content, part(frame, 0.09, 0.4, 0.82, 0.36), look["_ink"], look["_font"])
    heading = text(title, part(frame, 0.1, 0.21, 0.5, 0.09), "grey", private=False)
    about = table_things(dice, 1) if frame[2] < 88 else []
    return scene(dice, "desk", element("paper", frame, look), heading, words, about)


def print_(dice: Dice, content: str, title: str) -> Scene:
    """An instant photograph whose white edge carries the text."""
    height = dice.between(78, 94)
    width = height * 0.86
    frame, look = (dice.between(3, 97 - width), (100 - height) / 2, width, height), dice.record("print")
    words = text(content, part(frame, 0.05, 0.8, 0.9, 0.16), look["_ink"], "serif")
    return scene(dice, "desk", table_things(dice, 1), element("photo_print", frame, look), words)


def sign(dice: Dice, content: Text, title: str) -> Scene:
    """A door plate, a sign on a post or a mailbox, sometimes with a person beside it."""
    look, beside = dice.record("sign"), dice.chance(0.4)
    board = look["model"] == "board"
    width = dice.between(60, 72) if beside else dice.between(66, 92)
    tall, behind = max(17 * len(lines_of(content)), 20), []
    x = 3.0 if beside else dice.between(3, 97 - width)
    if look["model"] == "mailbox":
        height = min(tall * 2.4, 84)
        frame = (x, 92 - height, width, height)
        look |= {"colour": dice.pick(VIVID), "edge": "black"}
        within = part(frame, 0.1, 0.45, 0.8, 0.4)
    else:
        frame = (x, dice.between(10, 40), width, tall + 12)
        if board and dice.chance(0.6):
            door = {"colour": dice.pick((*VIVID, "brown", "dark brown"))}
            behind = [Element("door", x + 1, 2, width - 2, 98, door)]
        within = (x + width * 0.06, frame[1] + 5, width * 0.88, frame[3] - 10)
    words = text(content, within, look["edge"], dice.pick(FONTS))
    passer = [person(dice, 85, 100, dice.between(58, 74), dice.pick(("bust", "full")))] if beside else []
    places = "wall street office" if board else "street park street city"
    return scene(dice, places, behind, element("sign", frame, look), words, passer)


def badge(dice: Dice, content: Text, title: str) -> Scene:
    """A name badge, close up or worn by a person."""
    look = {"colour": dice.pick(VIVID), "edge": "grey", "model": "badge", "text": title}
    worn = dice.chance(0.6)
    width, height = (54.0, 37.0) if worn else (dice.between(66, 92), dice.between(50, 66))
    frame = ((100 - width) / 2 + dice.between(-4, 4), 61.0 if worn else dice.between(10, 96 - height), width, height)
    ink = dice.pick(("black", "dark blue", "dark red", "purple"))
    words = text(content, part(frame, 0.05, 0.4, 0.9, 0.52), ink, dice.pick(FONTS))
    wearer = [person(dice, 50, 92, dice.between(80, 86))] if worn else []
    return scene(dice, "office room shop street" if worn else "desk wall", wearer, element("sign", frame, look), words)


def cake(dice: Dice, content: Text, title: str) -> Scene:
    """A birthday cake, with or without the birthday child."""
    width = dice.between(66, 92)
    height = width * 0.82
    frame, look = ((100 - width) / 2 + dice.between(-4, 4), 94 - height, width, height), dice.record("cake")
    child = [person(dice, float(dice.pick((24, 76))), 80, dice.between(72, 80))] if dice.chance(0.55) else []
    below = table(dice.pick(("white", "brown", "light brown", "red", "blue")), 88)
    ink = "white" if is_dark(look["colour"]) else dice.pick(("dark red", "dark blue", "purple", "black"))
    words = text(content, part(frame, 0.12, 0.43, 0.76, 0.46), ink, dice.pick(FONTS))
    return scene(dice, "room wall park", child, below, element("cake", frame, look), words)


def calendar(dice: Dice, content: Text, title: str) -> Scene:
    """A tear-off calendar on a wall or a desk."""
    height = dice.between(62, 90)
    width = height * dice.between(0.82, 1.0)
    frame = (dice.between(4, 96 - width), dice.between(4, 96 - height), width, height)
    sheet = Element("calendar", *frame, {"colour": dice.pick(VIVID)})
    ink = dice.pick(("black", "dark red", "dark blue", "dark green"))
    words = text(content, part(frame, 0.08, 0.29, 0.84, 0.64), ink)
    beside = 96 - width > 30 and dice.chance(0.5)
    passer = [person(dice, 86 if frame[0] + width / 2 < 50 else 14, 101, 60)] if beside else []
    return scene(dice, "wall office room" if beside else "wall office room desk", sheet, words, passer)


def clock(dice: Dice, content: Text, title: str) -> Scene:
    """A digital clock on a table or on a station wall."""
    width = dice.between(56, 94)
    height, face = width * dice.between(0.46, 0.6), dice.record("clock face")
    frame = (dice.between(3, 97 - width), dice.between(84, 92) - height, width, height)
    below = table(dice.pick(("brown", "light brown", "white", "grey")))
    look = {"colour": dice.pick((*VIVID, "white", "dark grey")), "screen": face["screen"]}
    words = text(content, part(frame, 0.09, 0.17, 0.82, 0.58), face["ink"], dice.pick(("sans", "mono")))
    behind = [person(dice, float(dice.pick((20, 80))), 88, dice.between(72, 84))] if dice.chance(0.4) else []
    return scene(dice, "room office wall shop", behind, below, Element("clock", *frame, look), words)


def photograph(dice: Dice, content: str, title: str) -> Scene:
    """A time stamp in the corner of a photograph of people or a view."""
    ink, width = dice.pick(("orange", "yellow", "white", "red")), dice.between(46, 74)
    corner = (97 - width if dice.chance(0.75) else 3, 84 if dice.chance(0.85) else 3, width, 13)
    stamp = text(content, corner, ink, dice.pick(("mono", "sans")), panel="#000000aa")
    count = dice.whole(1, 3)
    sitters = [person(dice, 100 * (n + 0.5) / count, 101, dice.between(66, 84) - 8 * count) for n in range(count)]
    return scene(dice, "street park beach room city", sitters, stamp)
