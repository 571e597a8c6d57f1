"""One's own photo, without the extra: regions, blending, the leak check's pure parts, recovery, bad input."""

import hashlib
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sppe_lib.__main__ import main
from sppe_lib.data import command_editor, editors
from sppe_lib.data.own_folder import MARK
from sppe_lib.data.surrogates import _MAKER, Surrogate
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.photo import edit, protect, vouch
from sppe_lib.photo import find as find_module
from sppe_lib.photo.blend import emptied
from sppe_lib.photo.fills import draw_fill
from sppe_lib.photo.hand import ByHand
from sppe_lib.photo.models import remembered
from sppe_lib.photo.recover import METHODS, improved, recover_photo
from sppe_lib.photo.regions import Region, drawn, private_mask, revised
from sppe_lib.photo.texts import draw_text, extent, ink, other_text
from sppe_lib.photo.vouch import Refusal, same_writing, surviving_blocks
from sppe_lib.pictures import png_bytes

BOX, SQUARE = "30,30,66,66", (30, 30, 66, 66)


def scene(seed: int, side: int = 96) -> np.ndarray:
    """A smooth random picture with some texture, uint8 [side, side, 3]."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(30, 220, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=float)
    return (smooth + random.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8)


def box_mask(side: int = 96, start: int = 30, stop: int = 66) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[start:stop, start:stop] = True
    return mask


def protected(seed: int = 0, **changes) -> protect.Protected:
    """A photo with a square of other content in its surrogate."""
    source, mask = scene(seed), box_mask()
    surrogate = np.where(mask[..., None], scene(seed + 100), source)
    found = protect.Found("photo", source, [Region("picture frame", SQUARE)])
    made = Surrogate("photo", png_bytes(Image.fromarray(surrogate)), _MAKER)
    return replace(protect.Protected(found, "Make it black and white", made, 0.9, "", True, [0.9], []), **changes)


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its source, surrogate and mask."""
    one = protected(seed)
    return one.found.source, np.asarray(one.surrogate.image), one.found.mask


def recovered(method: str, editor, seed: int = 0) -> float:
    """PSNR in the mask of what a method recovers of an edit, against the same edit of the source."""
    source, surrogate, mask = pair(seed)
    wanted, edited = (editor(picture).astype(np.uint8) for picture in (source, surrogate))
    result = np.asarray(recover_photo(protected(seed), Image.fromarray(edited), method))
    assert np.array_equal(result[~mask], edited[~mask]) or method not in ("improved", "copy-surrogate")
    assert np.array_equal(source, scene(seed)) and result.shape == source.shape
    return -10 * np.log10(np.square((result[mask].astype(float) - wanted[mask]) / 255).mean() + 1e-12)


EDITS = {
    "nothing": lambda picture: picture,
    "darker": lambda picture: picture * 0.6,
    "sepia": lambda picture: (picture @ np.array([[0.4, 0.35, 0.27], [0.7, 0.6, 0.5], [0.2, 0.17, 0.13]])).clip(0, 255),
    "negative": lambda picture: 255 - picture,
    "curve": lambda picture: 255 * (picture / 255) ** 2,
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_colours_comes_back_inside_and_the_edited_surrogate_stays_outside(name):
    found = {method: recovered(method, EDITS[name]) for method in METHODS}
    assert found["improved"] > max(28, found["copy-surrogate"] + 8)


def test_the_improved_recovery_beats_local_linear_where_an_edit_depends_on_lightness():
    def poster(picture):
        return np.where(picture.mean(-1, keepdims=True) > 128, [240, 200, 90], [30, 60, 120])

    assert recovered("improved", poster) > recovered("local-linear", poster) + 2


def test_what_was_added_to_a_face_is_carried_to_where_its_landmarks_are():
    source = np.full((160, 160, 3), 150, np.uint8)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([80 + 30 * np.cos(turn), 80 + 30 * np.sin(turn)])
    edited = source.copy()
    edited[70:82, 60:100] = 10  # dark glasses on the surrogate, whose face is 12 pixels lower than the source's
    dark = improved(source, source, edited, box_mask(160, 30, 130), [(points - (0, 12), points)]).mean(-1) < 60
    assert dark[62:66, 68:92].all() and not dark[76:90].any()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 50))
def test_emptying_and_filling_read_no_private_pixel(seed):
    source, other, mask = pair(seed)
    canvases = [emptied(picture, mask, np.random.default_rng(seed)) for picture in (source, other)]
    assert np.array_equal(*canvases)
    for canvas in canvases:
        draw_fill(canvas, mask, mask, seed)
    assert np.array_equal(*canvases) and np.array_equal(canvases[0][~mask], source[~mask])


def test_a_region_larger_than_what_it_is_copied_from_is_filled_half_by_half():
    source, mask = scene(3), box_mask(96, 8, 92)
    canvas = emptied(source, mask, np.random.default_rng(0))
    before = canvas.copy()
    draw_fill(canvas, mask, mask, 0)
    assert np.array_equal(canvas[~mask], source[~mask]) and not np.array_equal(canvas, before)


def test_surviving_blocks_are_seen_in_place_and_moved_and_flat_ones_carry_nothing():
    source, surrogate, mask = pair(7)
    assert surviving_blocks(source, surrogate, mask) == 0
    kept, moved = surrogate.copy(), surrogate.copy()
    kept[40:52, 40:52] = source[40:52, 40:52]
    moved[31:55, 31:55] = source[36:60, 36:60]
    assert surviving_blocks(source, kept, mask) > 0 and surviving_blocks(source, moved, mask) > 0
    paper = np.full_like(source, 230)
    letters, others = paper.copy(), paper.copy()
    letters[36:60:3, 40:44], others[38:58:5, 50:60] = 20, 20
    assert surviving_blocks(paper, paper, mask) == 0  # and paper beside other letters tells nothing of the old ones
    assert surviving_blocks(letters, others, mask) == 0 < surviving_blocks(letters, letters, mask)


@settings(deadline=None)
@given(st.text("abcXYZ 0123456789-.äß", min_size=1, max_size=20))
def test_other_writing_has_the_same_shape_and_no_letter_of_the_old(text):
    new = other_text(text, np.random.default_rng(0))
    assert len(new) == len(text)
    for before, after in zip(text, new):
        assert after.isdigit() == before.isdigit()
        assert after.lower() != before.lower() if before.isalnum() else after == before or not before.isascii()


def test_writing_is_laid_on_its_own_ground_in_its_own_ink():
    picture = np.full((80, 200, 3), (40, 60, 160), np.uint8)
    corners = np.array([[40.0, 25], [160, 25], [160, 55], [40, 55]])
    for left in range(46, 154, 14):
        picture[30:50, left : left + 6] = (250, 240, 60)
    mask = private_mask([Region("plate", (40, 25, 160, 55), "text")], (80, 200))
    new = emptied(picture, mask, np.random.default_rng(0))
    draw_text(new, picture, mask, corners, "AB 123", seed=1)
    assert np.array_equal(new[~mask], picture[~mask])
    inside = new[mask].astype(int)
    assert (np.abs(inside - (40, 60, 160)).sum(-1) < 40).mean() > 0.3
    assert (np.abs(inside - (250, 240, 60)).sum(-1) < 60).mean() > 0.05
    line = np.zeros((96, 50, 3))
    line[30:60, 10:40] = 255
    assert extent(ink(line)) == (10, 30, 40, 60)


@pytest.mark.parametrize(
    ("private", "read", "same"),
    [
        ("AB 1234", ["ab-1234"], True),
        ("Jane Doe", ["Jane Doc"], True),
        ("Jane Doe", ["says Jane Doc here"], True),
        ("Jane Doe", ["Rovi Mel"], False),
        ("A", ["A"], False),
        ("12 Main Street, Springfield", ["12 Main Street", "Springfield"], True),
        ("12 Main Street, Springfield", ["Springfield", "12 Main"], False),
    ],
)
def test_writing_is_recognised_through_errors_of_reading_and_over_lines(private, read, same):
    assert vouch.readable(private, read) is same
    assert len(read) > 1 or same_writing(private, read[0]) is same


@pytest.mark.parametrize(
    ("secret", "read", "named", "otherwise"),
    [
        ("José Núñez", ["JOSE NUNEZ"], True, True),
        ("1001", ["IOO1"], True, True),
        ("1234", ["12", "34"], True, False),
        ("John Smith", ["John", "Open daily", "Smith", "from nine"], True, False),
        ("John Smith", ["John", "Open daily"], False, False),
    ],
)
def test_what_the_user_names_is_looked_for_further_than_what_was_found(secret, read, named, otherwise):
    assert vouch.readable(secret, read, named=True) is named and vouch.readable(secret, read) is otherwise


@pytest.mark.parametrize("turn", range(4))
def test_a_secret_is_looked_for_on_its_side_and_head(monkeypatch, turn):
    upright = np.rot90(scene(0), turn)
    seen = lambda pixels: [(None, "Jane Doe", 1.0)] if np.array_equal(pixels, scene(0)) else []
    monkeypatch.setattr(vouch, "read_lines", seen)
    assert vouch._writing(upright, [], ["Jane Doe"]) and not vouch._writing(upright, [], ["Somebody Else"])


@pytest.mark.parametrize("secret", ["Jane Doe", "7", "--", "", "Иван"])
def test_a_secret_that_is_told_or_cannot_be_read_lets_nothing_leave(monkeypatch, secret):
    monkeypatch.setattr(vouch, "read_letters", lambda: set("abcdefghijklmnopqrstuvwxyz0123456789"))
    told = secret == "Jane Doe"  # it would leave with the instruction; the others are never looked for, so never found
    for secrets in (secret, ["Street", secret]):
        with pytest.raises(Refusal if told else ConfigError):
            protect.protect(protected().found, f"Make {secret} look old" if told else "Make it grey", secrets=secrets)


FRAME = Region("picture frame", SQUARE)


def test_regions_corrected_to_nothing_or_everything_are_refused_and_a_thin_outline_hides_its_box():
    nowhere = [Region("picture frame", (5, 5, 5, 9)), Region("person", (0, 0, 9, 9), mask=np.zeros((96, 96), bool))]
    for regions in ([], [Region("picture frame", (0, 0, 96, 96))], [FRAME, nowhere[0]], [FRAME, nowhere[1]]):
        with pytest.raises(DataError):
            protect.protect(protect.Found("photo", scene(0), regions), "Make it grey")
    outline = np.array([[10.2, 10.6], [39.0, 10.6], [39.0, 10.8], [10.2, 10.8]])
    assert Region("name all", (10, 10, 40, 12), "text", outline).pixels((96, 96))[10:12, 10:40].all()


def test_the_whole_body_takes_no_face_away_that_it_does_not_hide(monkeypatch):
    body = np.zeros((96, 96), dtype=bool)
    body[20:90, 10:40] = True
    faces = [Region("faces", box, "face") for box in ((15, 25, 30, 40), (30, 25, 50, 40), (60, 10, 80, 30))]
    monkeypatch.setattr(find_module, "find_faces", lambda pixels: faces)
    monkeypatch.setattr(find_module, "find_texts", lambda pixels: [])
    monkeypatch.setattr(find_module, "foreground", lambda pixels: body.astype(np.float32))
    found = find_module.find(scene(0), whole_body=True)
    assert [region.box for region in found if region.way == "face"] == [faces[2].box, faces[1].box]
    monkeypatch.setattr(find_module, "foreground", lambda pixels: np.zeros((96, 96), np.float32))
    with pytest.raises(DataError):
        find_module.find(scene(0), whole_body=True)


@pytest.mark.parametrize("size", [(3000, 2000), (1000, 9000)])
def test_a_large_photo_is_looked_at_in_parts_that_cover_it(size):
    pixels = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    seen = np.zeros(size[::-1], dtype=bool)
    for part, (x, y), (across, down) in find_module.parts(pixels, find_module.TEXT_PARTS):
        height, width = round(part.shape[0] * down), round(part.shape[1] * across)
        seen[round(y) : round(y) + height + 1, round(x) : round(x) + width + 1] = True
        if across == down == 1:
            assert np.array_equal(part, pixels[int(y) : int(y) + height, int(x) : int(x) + width])
    assert seen.all() and not list(find_module.parts(pixels[:1000, :1000], find_module.FACE_PARTS))


def test_one_line_that_is_read_twice_is_one_region_and_a_picture_is_looked_at_once(monkeypatch):
    seen = []
    box = np.array([[20.0, 20], [80, 20], [80, 40], [20, 40]])
    lines = [(box, "Jame Doe", 0.7), (box + 1, "Jane Doe", 0.9), (box + (0, 50), "Else", 0.9)]
    monkeypatch.setattr(find_module, "seen_lines", remembered(lambda pixels: seen.append(pixels) or lines))
    for _ in range(2):
        found = find_module.find_texts(np.zeros((120, 120, 3), np.uint8))
        assert [region.text for region in found] == ["Jane Doe", "Else"]
    assert len(seen) == 1


def test_a_face_whose_distance_is_no_number_counts_as_the_private_one(monkeypatch):
    monkeypatch.setattr(vouch, "face_boxes", lambda pixels: [])
    # That of another face in the photo, of the first or of the second private one: whichever is no number counts.
    faces = [Region("faces", SQUARE, "face"), Region("faces", (0, 0, 20, 20), "face")]
    for broken in ((0, 1), (0,), (1,)):
        numbers = iter([np.full(128, np.nan if at in broken else at) for at in (0, 1)] + [np.full(128, 9.0)] * 2)
        monkeypatch.setattr(vouch, "face_embedding", lambda pixels, box, numbers=numbers: next(numbers))
        assert len(vouch._faces(*pair(), faces)) == 2


def test_by_hand_a_tick_takes_one_region_away_and_a_box_joins_the_others():
    hand = ByHand(protect.Found("photo", scene(0), [Region("plate", (50, 50, 70, 60)), Region("faces", (0, 0, 9, 9))]))
    hand.kept.children[0].value = False
    hand.across.value, hand.down.value = (10, 20), (30, 40)
    hand.add()
    assert [region.box for region in hand.found.regions] == [(0, 0, 9, 9), (10, 30, 20, 40)]


def test_regions_are_added_and_taken_away_by_number_or_place_or_one_sentence_says_why_not():
    assert drawn("1.9, 2.2, 5.1, 5.9", (96, 96)).box == (1, 2, 6, 6)  # a pixel that a box touches is private
    for text in ["1,2,3", "a,b,c,d", "9,9,9,9", "200,200,300,300", "0,0,5,5,nothing", "0,0,inf,5", "0,nan,5,5"]:
        with pytest.raises(ConfigError):
            drawn(text, (96, 96))
    found = [Region("human face", (0, 0, 10, 10), "face"), Region("plate", (50, 50, 70, 60), "text", text="AB 1")]
    for add, remove, left in (
        (["1,1,5,5"], ["0"], ["plate", "picture frame"]),
        ([], ["48,48,72,62"], ["human face"]),
        ("1,1,5,5", "1", ["human face", "picture frame"]),
    ):
        assert [region.category for region in revised(found, add, remove, (96, 96))] == left
    numbers = [region.number for region in revised(found, ["1,1,5,5", "9,9,20,20"], ["0", "2"], (96, 96))]
    assert numbers == [1, 3]  # those that stay keep theirs, and what was added can be taken away, too
    for remove in (["80,80,90,90"], "²", "10"):  # the last is one entry, not regions 1 and 0
        with pytest.raises(ConfigError):
            revised(found, [], remove, (96, 96))


def test_an_editor_gets_a_surrogate_and_nothing_else_and_only_for_the_very_preview_that_was_shown(monkeypatch):
    given_to_editor = []

    def editor(images, instructions, seeds):
        given_to_editor.append(images[0])
        return [images[0].image if isinstance(images[0], Surrogate) else images[0]]

    monkeypatch.setattr(editors, "load_editor", lambda settings: editor)
    shown = protected()
    others = [
        shown,
        protected(instruction="Make it grey"),
        protected(found=protect.Found("photo", scene(0), [Region("picture frame", (30, 30, 66, 65))])),
        protected(surrogate=protected(1).surrogate),
    ]
    assert len({one.code for one in others}) == 4 and not shown.code.isdigit()
    for name in ("cloud", "instruct-pix2pix"):
        for looked in ("", True, others[1].code, others[2].code, others[3].code):
            with pytest.raises(ConfigError):
                edit.edit(shown, name, looked)
        edit.edit(shown, name, protected().code)  # the same in another process
    uploaded, local = given_to_editor
    assert type(uploaded) is Surrogate and set(vars(uploaded)) == {"name", "png"}
    assert np.array_equal(np.asarray(local), np.asarray(shown.surrogate.image))
    with pytest.raises(TypeError):
        edit.edit(SimpleNamespace(surrogate=Image.fromarray(scene(0)), passed=True, code="look-1"), "cloud", "look-1")
    with pytest.raises(Refusal):
        edit.edit(protected(passed=False))
    with pytest.raises(ConfigError):
        edit.edit(protected(instruction="do what I mean"))
    monkeypatch.setattr(editors, "load_editor", lambda settings: lambda *given: 1 / 0)
    with pytest.raises(KitError, match="ZeroDivisionError"):
        edit.edit(shown, "flux-kontext", shown.code)


def test_the_leak_check_fails_closed(monkeypatch):
    source, surrogate, _ = pair()
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: [])
    assert np.array_equal(np.asarray(vouch.vouch(source, surrogate, [FRAME]).image), surrogate)
    for check in (lambda *arguments: 1 / 0, lambda *arguments: ["it shows a face"]):  # a detector may fall over
        monkeypatch.setattr(vouch, "leaks", check)
        with pytest.raises(Refusal):
            vouch.vouch(source, surrogate, [FRAME])


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A photo on disk in which no detector finds anything, and every surrogate passes; ERMA is not asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(protect, "find", lambda pixels, whole_body: [])
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: [])
    monkeypatch.setattr(protect, "editability", lambda source, drawn, *rest: ([0.5] * len(drawn), ""))
    Image.fromarray(scene(0)).save("photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def command(photo, capsys):
    """Runs the command on the photo, which stays as it is: the status, and the names of what is in `out`."""

    def run(*options: str, instruction: str = "Make it black and white") -> tuple[int, set[str]]:
        before = hashlib.sha256(photo.read_bytes()).digest()
        status = main(["photo", "photo.png", instruction, "--output", "out", *options])
        said = capsys.readouterr().err
        assert hashlib.sha256(photo.read_bytes()).digest() == before
        assert (status, len(said.splitlines())) in ((0, 0), (2, 1)), said
        folder = photo.parent / "out"
        return status, {path.name for path in folder.iterdir()} - {MARK} if folder.is_dir() else set()

    return run


FIRST = {"preview.png"}
ALL = FIRST | {"surrogate.png", "edited.png", "recovered.png", "story.png"}


def test_the_command_shows_a_preview_first_and_goes_on_when_this_very_one_was_looked_at(command):
    assert command("--looked", "--add", BOX) == (2, FIRST)  # there was none
    assert command("--add", BOX) == (0, FIRST)
    assert command("--looked", "--add", BOX) == (0, ALL)
    pixels = np.asarray(Image.open("out/recovered.png"))
    assert np.ptp(pixels[~box_mask()], axis=-1).max() == 0 and np.ptp(pixels, axis=-1).mean() < 2
    assert command("--looked", "--add", "30,30,66,65") == (2, FIRST)  # less is private than in the one looked at


@pytest.mark.parametrize("name", ["preview.png", "edited.png", "story.png"])
@pytest.mark.parametrize("itself", [True, False])
def test_the_command_writes_over_nothing_that_it_did_not_make(photo, command, name, itself):
    (photo.parent / "out").mkdir()
    mine = photo.rename(photo.parent / "out" / name) if itself else photo.parent / "out" / name
    mine.write_bytes(b"mine") if not itself else photo.symlink_to(mine)
    before = mine.read_bytes()
    assert command("--add", BOX, "--looked") == (2, {name}) and mine.read_bytes() == before


def test_the_list_of_what_was_written_is_no_way_to_the_photo(photo, command):
    (photo.parent / "out").mkdir()
    (photo.parent / "out" / MARK).symlink_to(photo)
    assert command("--add", BOX) == (2, set())
    (photo.parent / "out" / MARK).unlink()
    (photo.parent / "out" / MARK).write_text('{"mine": "too"}')
    assert command("--add", BOX) == (2, set()) and "too" in (photo.parent / "out" / MARK).read_text()


@pytest.mark.parametrize(
    "options", ["--method magic", "--editor magic", "--profile magic", "--candidates 0", "--painter crayon"]
)
def test_what_cannot_work_is_said_before_anything_is_drawn_or_leaves(command, monkeypatch, options):
    assert command("--add", BOX) == (0, FIRST)
    monkeypatch.setitem(protect.PAINTERS, "offline", lambda *given: 1 / 0)
    assert command("--add", BOX, "--looked", *options.split()) == (2, FIRST)


@pytest.mark.parametrize("drawn_as", ["upright", "stored"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_photo_stands_upright_however_it_is_given(photo, drawn_as, opened):
    upright = Image.fromarray(scene(0)).crop((0, 0, 96, 64))
    mask = Image.new("L", upright.size)
    mask.paste(255, (10, 5, 40, 20))
    private, exif = np.asarray(mask) > 0, Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save("turned.png", exif=exif)
    if drawn_as == "stored" and not opened:
        mask = mask.transpose(Image.Transpose.ROTATE_90)
    mask.save("mask.png")
    found = protect.open_photo(Image.open("turned.png") if opened else "turned.png", mask="mask.png")
    assert np.array_equal(found.source, upright) and np.array_equal(found.mask, private)


def test_the_answer_by_hand_must_be_to_the_surrogate_that_was_given(photo, command):
    assert command("--add", BOX)[0] == 0
    assert command("--add", BOX, "--looked", "--editor", "none") == (0, FIRST | {"surrogate.png"})
    given = (photo.parent / "out/surrogate.png").read_bytes()
    (photo.parent / "answer.png").write_bytes(given)
    answered = ("--add", BOX, "--looked", "--edited", "answer.png")
    assert command(*answered, "--seed", "1")[0] == 2
    assert (photo.parent / "out/surrogate.png").read_bytes() == given
    assert command(*answered) == (0, ALL - {"edited.png"})
    Image.new("RGB", (1, 1)).save("answer.png")
    assert command(*answered) == (2, ALL - {"edited.png"})
    Image.open("photo.png").save("answer.png")
    more = ("--add", "0,0,9,9", *answered)  # another preview: what protects less is gone
    assert command(*more) == (2, FIRST) and command(*more) == (0, ALL - {"edited.png"})
    assert command(*more) == (0, ALL - {"edited.png"})


def test_a_refusal_leaves_no_surrogate_nor_an_older_one(command, monkeypatch):
    assert command("--add", "0,0,9,9")[0] == 0 and command("--add", "0,0,9,9", "--looked") == (0, ALL)
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: ["it shows a face"])
    for _ in range(2):  # the preview is new, then the surrogate is refused
        assert command("--add", BOX, "--looked") == (2, FIRST)


# Nothing or everything private or drawn, another size, no box, no candidate, no painter, no method.
BAD = ["", "--add 0,0,96,96", "--mask black.png", "--mask white.png", "--mask small.png", "--add a,b,c,d"]
BAD += [f"--add {BOX} {rest}" for rest in ("--candidates 0", "--painter crayon", "--method magic")]

NO_WORDS = ("  ", "grey \udcff", "Mach ein Schloss daraus")  # the second is no text, and no stand-in knows the third


@pytest.mark.parametrize("options", [*BAD, f"--add {BOX}"])
def test_bad_options_are_one_sentence(command, options):
    for name, size, level in (("black", 96, 0), ("white", 96, 255), ("small", 20, 255)):
        Image.new("L", (size, size), level).save(f"{name}.png")
    for words in ("Make it grey",) if options in BAD else NO_WORDS:
        first = command(*options.split(), instruction=words)
        assert first[0] == 2 or command(*options.split(), "--looked", instruction=words)[0] == 2


def stored(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


TURNED = Image.Exif()
TURNED[0x0112] = 6
WIDE = Image.fromarray(scene(0)).crop((0, 0, 96, 64))
OTHER = [Image.fromarray(scene(1)).crop((0, 0, 96, 64))]
PALETTE = WIDE.quantize(200)
PHOTOS = {
    "gif": stored(WIDE, "GIF", save_all=True, append_images=OTHER),
    "cmyk": stored(WIDE.convert("CMYK"), "JPEG", quality=95),
    "16 bits": stored(Image.fromarray(np.asarray(WIDE.convert("L")).astype(np.uint16) * 257), "PNG"),
    "palette": stored(PALETTE, "PNG", transparency=PALETTE.getpixel((95, 63))),
    "turned": stored(WIDE.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=TURNED, quality=95),
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
    "cut off": stored(WIDE, "JPEG")[:500],
    "1x1": png_bytes(Image.new("RGB", (1, 1))),
    "121 megapixels": stored(Image.new("1", (11000, 11000)), "PNG"),
}
"""Files as they come; the first five can be shown."""


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_of_any_kind_is_shown_upright_or_refused_in_one_sentence(photo, command, name):
    photo.write_bytes(PHOTOS[name])
    good = list(PHOTOS).index(name) < 5
    assert command("--add", "0,0,9,9") == ((0, FIRST) if good else (2, set()))
    if good:
        shown, wanted = Image.open("out/preview.png"), WIDE.convert("L" if name == "16 bits" else "RGB").convert("RGB")
        assert shown.size == WIDE.size and shown.mode == "RGB" and not shown.info
        difference = np.abs(np.asarray(shown, dtype=float) - np.asarray(wanted)).max(-1)[20:]
        assert np.median(difference) < 12


PROGRAMS = {
    "garbage": 'echo no picture > "$2/00000.png"',
    "leaves": "setsid sleep 600 & echo $! > pids; setsid setsid sleep 600 & echo $! >> pids",
    "hangs": "sleep 600 & echo $! > pids; setsid sleep 600 & echo $! >> pids; wait",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_editor_that_does_not_do_its_work_is_one_sentence_and_leaves_no_process(photo, command, monkeypatch, name):
    monkeypatch.setattr(command_editor, "SECONDS", 3 if name == "hangs" else 600)
    (photo.parent / "editor.sh").write_text(PROGRAMS[name])
    options = ("--add", BOX, "--editor", "command:sh editor.sh {input} {output}")
    assert command(*options)[0] == 0
    assert command(*options, "--looked") == (2, FIRST | {"surrogate.png"})
    if name != "garbage":
        pids = [int(line) for line in (photo.parent / "pids").read_text().split()]
        alive = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        assert len(pids) == 2 and not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_the_shipped_erma_judges_english_and_says_so_of_other_words(monkeypatch, tmp_path):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path))
    source, surrogate, _ = pair()
    scores, why = protect.editability(source, [surrogate, source], "Turn to an oil painting style", "mini")
    assert all(-1 < score < 1 for score in scores) and why == ""
    scores, why = protect.editability(source, [surrogate], "Mach daraus ein Ölgemälde", "mini")
    assert np.isnan(scores).all() and "English" in why
