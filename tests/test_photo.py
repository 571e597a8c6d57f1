"""One's own photo, without the extra: regions, blending, the leak check's pure parts, recovery, bad input."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sppe_lib.__main__ import main
from sppe_lib.data import command_editor
from sppe_lib.data.own_folder import MARK
from sppe_lib.data.surrogates import _MAKER, Surrogate
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError
from sppe_lib.photo import edit, protect, vouch
from sppe_lib.photo import find as find_module
from sppe_lib.photo.blend import emptied
from sppe_lib.photo.fills import draw_fill
from sppe_lib.photo.hand import ByHand
from sppe_lib.photo.recover import METHODS, recover_photo, recover_pixels
from sppe_lib.photo.regions import Region, drawn, private_mask, revised
from sppe_lib.photo.texts import draw_text, extent, ink, other_text
from sppe_lib.photo.vouch import Refusal, same_writing, surviving_blocks
from sppe_lib.pictures import png_bytes


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


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source, a surrogate with other content in the mask, and the mask."""
    mask = box_mask()
    return scene(seed), np.where(mask[..., None], scene(seed + 100), scene(seed)), mask


def psnr(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> float:
    return -10 * np.log10(np.square((first[mask].astype(float) - second[mask]) / 255).mean() + 1e-12)


EDITS = {
    "nothing": lambda picture: picture,
    "darker": lambda picture: (picture * 0.6).astype(np.uint8),
    "sepia": lambda picture: (picture @ np.array([[0.4, 0.35, 0.27], [0.7, 0.6, 0.5], [0.2, 0.17, 0.13]])).clip(0, 255),
    "negative": lambda picture: 255 - picture,
    "curve": lambda picture: 255 * (picture / 255) ** 2,
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_colours_comes_back_inside_and_the_edited_surrogate_stays_outside(name):
    source, surrogate, mask = pair()
    wanted, edited = (EDITS[name](picture).astype(np.uint8) for picture in (source, surrogate))
    recovered = recover_pixels(source, surrogate, edited, mask)
    assert np.array_equal(recovered[~mask], edited[~mask])
    assert psnr(recovered, wanted, mask) > 28
    stranger = recover_pixels(source, surrogate, edited, mask, "copy-surrogate")
    assert psnr(recovered, wanted, mask) > psnr(stranger, wanted, mask) + 8


def test_the_improved_recovery_beats_local_linear_where_an_edit_depends_on_lightness():
    source, surrogate, mask = pair()

    def poster(picture):
        return np.where(picture.mean(-1, keepdims=True) > 128, [240, 200, 90], [30, 60, 120]).astype(np.uint8)

    scores = {
        method: psnr(recover_pixels(source, surrogate, poster(surrogate), mask, method), poster(source), mask)
        for method in ("improved", "local-linear")
    }
    assert scores["improved"] > scores["local-linear"] + 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_the_size_and_changes_no_input(method):
    source, surrogate, mask = pair(5)
    inputs = [source, surrogate, EDITS["darker"](surrogate)]
    before = [picture.copy() for picture in inputs]
    result = recover_pixels(*inputs, mask, method)
    assert result.shape == source.shape and result.dtype == np.uint8
    assert all(np.array_equal(one, other) for one, other in zip(inputs, before))


def test_what_was_added_to_a_face_is_carried_to_where_its_landmarks_are():
    source = np.full((160, 160, 3), 150, np.uint8)
    mask = box_mask(160, 30, 130)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([80 + 30 * np.cos(turn), 80 + 30 * np.sin(turn)])
    edited = source.copy()
    edited[70:82, 60:100] = 10  # dark glasses on the surrogate, whose face is 12 pixels lower than the source's
    recovered = recover_pixels(source, source, edited, mask, faces=[(points - (0, 12), points)])
    dark = recovered.mean(-1) < 60
    assert dark[62:66, 68:92].all()
    assert not dark[76:90].any()


@settings(deadline=None)
@given(st.integers(0, 50))
def test_emptying_and_filling_read_no_private_pixel(seed):
    source, other, mask = pair(seed)
    results = [emptied(picture, mask, np.random.default_rng(seed)) for picture in (source, other)]
    filled = [draw_fill(canvas, mask, mask, seed) for canvas in results]
    assert np.array_equal(*results) and np.array_equal(*filled)
    assert np.array_equal(filled[0][~mask], source[~mask])


def test_surviving_blocks_are_seen_in_place_and_moved_and_flat_ones_carry_nothing():
    source, surrogate, mask = pair(7)
    assert surviving_blocks(source, surrogate, mask) == 0
    kept, moved = surrogate.copy(), surrogate.copy()
    kept[40:52, 40:52] = source[40:52, 40:52]
    moved[31:55, 31:55] = source[36:60, 36:60]
    assert surviving_blocks(source, kept, mask) > 0
    assert surviving_blocks(source, moved, mask) > 0
    flat = np.full_like(source, 200)
    assert surviving_blocks(flat, flat, mask) == 0


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
    canvas = emptied(picture, mask, np.random.default_rng(0))
    new = draw_text(canvas, picture, mask, corners, "AB 123", seed=1)
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
        ("AB 1234", "ab-1234", True),
        ("Jane Doe", "Jane Doc", True),
        ("Jane Doe", "says Jane Doe here", True),
        ("Jane Doe", "says Jane Doc here", True),
        ("Jane Doe", "Rovi Mel", False),
        ("A", "A", False),
    ],
)
def test_writing_is_recognised_through_errors_of_reading(private, read, same):
    assert same_writing(private, read) is same


@pytest.mark.parametrize(
    ("lines", "found"),
    [(["12 Main Street", "Springfield"], True), (["Springfield", "12 Main"], False), (["12 M", "ain"], False)],
)
def test_a_text_is_recognised_over_several_lines(lines, found):
    assert vouch.readable("12 Main Street, Springfield", lines) is found


@pytest.mark.parametrize(
    ("secret", "instruction", "error"),
    [
        ("Jane Doe", "Make Jane Doe look old", Refusal),  # it would leave with the instruction
        ("A1 B2", "Make A1 B2 red", Refusal),
        ("7", "Make it grey", ConfigError),  # never looked for, so never found
        ("--", "Make it grey", ConfigError),
        ("", "Make it grey", ConfigError),
        ("Иван", "Make it grey", ConfigError),  # in letters that the reader has not learnt
    ],
)
def test_a_secret_that_is_told_or_cannot_be_checked_lets_nothing_leave(photo, monkeypatch, secret, instruction, error):
    monkeypatch.setattr(vouch, "read_letters", lambda: set("abcdefghijklmnopqrstuvwxyz0123456789"))
    found = protect.open_photo(photo, "30,30,66,66")
    for secrets in (secret, ["Street", secret]):
        with pytest.raises(error):
            protect.protect(found, instruction, secrets=secrets)


@pytest.mark.parametrize(
    "regions",
    [
        [],
        [Region("picture frame", (0, 0, 96, 96))],
        [Region("picture frame", (30, 30, 66, 66)), Region("picture frame", (5, 5, 5, 9))],
        [Region("picture frame", (30, 30, 66, 66)), Region("person", (0, 0, 9, 9), mask=np.zeros((96, 96), bool))],
    ],
)
def test_regions_corrected_to_nothing_or_everything_are_refused(photo, regions):
    with pytest.raises(DataError):
        protect.protect(protect.Found("photo", scene(0), regions), "Make it grey")


def test_a_thin_outline_hides_its_box():
    thin = Region(
        "name all", (10, 10, 40, 12), "text", np.array([[10.2, 10.6], [39.0, 10.6], [39.0, 10.8], [10.2, 10.8]])
    )
    assert thin.pixels((96, 96))[10:12, 10:40].all()


def test_the_whole_body_takes_no_face_away_that_it_does_not_hide(monkeypatch):
    body = np.zeros((96, 96), dtype=bool)
    body[20:90, 10:40] = True
    faces = [Region("faces", box, "face") for box in ((15, 25, 30, 40), (30, 25, 50, 40), (60, 10, 80, 30))]
    monkeypatch.setattr(find_module, "find_faces", lambda pixels: faces)
    monkeypatch.setattr(find_module, "find_texts", lambda pixels: [])
    monkeypatch.setattr(find_module, "find_person", lambda pixels: Region("person", (10, 20, 40, 90), mask=body))
    found = find_module.find(scene(0), whole_body=True)
    assert [region.box for region in found if region.way == "face"] == [faces[2].box, faces[1].box]
    monkeypatch.setattr(find_module, "find_person", lambda pixels: None)
    with pytest.raises(DataError):
        find_module.find(scene(0), whole_body=True)


@pytest.mark.parametrize("size", [(3000, 2000), (1000, 9000)])
def test_a_large_photo_is_looked_at_in_parts_that_cover_it(size):
    pixels = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    seen = np.zeros(size[::-1], dtype=bool)
    for part, (x, y), scale in find_module.parts(pixels):
        height, width = (round(side * scale) for side in part.shape[:2])
        seen[round(y) : round(y) + height + 1, round(x) : round(x) + width + 1] = True
        if scale == 1:
            assert np.array_equal(part, pixels[int(y) : int(y) + height, int(x) : int(x) + width])
    assert seen.all() and not list(find_module.parts(pixels[:1000, :1000]))


def test_a_face_whose_distance_is_no_number_counts_as_the_private_one(monkeypatch):
    monkeypatch.setattr(vouch, "face_boxes", lambda pixels: [])
    monkeypatch.setattr(vouch, "face_embedding", lambda pixels, box: np.full(128, np.nan))
    source, surrogate, mask = pair()
    assert vouch._faces(source, surrogate, mask, [Region("human face", (30, 30, 66, 66), "face")])


def test_by_hand_a_tick_takes_one_region_away_and_a_box_joins_the_others():
    hand = ByHand(protect.Found("photo", scene(0), [Region("plate", (50, 50, 70, 60)), Region("faces", (0, 0, 9, 9))]))
    hand.kept.children[0].value = False
    hand.across.value, hand.down.value = (10, 20), (30, 40)
    hand.add()
    assert [region.box for region in hand.found.regions] == [(0, 0, 9, 9), (10, 30, 20, 40)]


@pytest.mark.parametrize(
    "text", ["1,2,3", "a,b,c,d", "9,9,9,9", "200,200,300,300", "0,0,5,5,no such thing", "0,0,inf,5", "0,nan,5,5"]
)
def test_a_region_that_is_none_is_one_sentence(text):
    with pytest.raises(ConfigError):
        drawn(text, (96, 96))


def test_a_pixel_that_a_box_touches_is_private():
    assert drawn("1.9, 2.2, 5.1, 5.9", (96, 96)).box == (1, 2, 6, 6)


def test_regions_are_taken_away_by_number_or_place_and_added():
    found = [Region("human face", (0, 0, 10, 10), "face"), Region("plate", (50, 50, 70, 60), "text", text="AB 1")]
    assert [r.category for r in revised(found, ["1,1,5,5"], ["0"], (96, 96))] == ["plate", "picture frame"]
    assert [r.category for r in revised(found, [], ["48,48,72,62"], (96, 96))] == ["human face"]
    with pytest.raises(ConfigError):
        revised(found, [], ["80,80,90,90"], (96, 96))
    with pytest.raises(ConfigError):
        revised(found, [], "01"[::-1], (96, 96))  # one entry, not regions 1 and 0
    assert len(revised(found, "1,1,5,5", "1", (96, 96))) == 2


def protected(passed: bool = True, instruction: str = "Make it black and white") -> protect.Protected:
    source, surrogate, _ = pair()
    found = protect.Found("photo", source, [Region("picture frame", (30, 30, 66, 66))])
    made = Surrogate("photo", png_bytes(Image.fromarray(surrogate)), _MAKER)
    return protect.Protected(found, instruction, made, 0.9, "", passed, [0.9], [])


def test_an_editor_gets_a_surrogate_and_nothing_else(monkeypatch):
    given_to_editor = []

    def editor(images, instructions, seeds):
        given_to_editor.append((images, instructions, seeds))
        return [images[0].image if isinstance(images[0], Surrogate) else images[0]]

    monkeypatch.setattr(edit, "load_editor", lambda settings: editor)
    for name in ("cloud", "instruct-pix2pix"):
        with pytest.raises(ConfigError):
            edit.edit(protected(), name)
        edit.edit(protected(), name, looked=True)
    uploaded, local = given_to_editor
    assert type(uploaded[0][0]) is Surrogate and set(vars(uploaded[0][0])) == {"name", "png"}
    assert np.array_equal(np.asarray(local[0][0]), np.asarray(protected().surrogate.image))
    with pytest.raises(TypeError):
        edit.edit(SimpleNamespace(surrogate=Image.fromarray(scene(0)), passed=True), "cloud", looked=True)
    with pytest.raises(Refusal):
        edit.edit(protected(passed=False))


def test_an_answer_of_another_size_is_fitted_and_of_another_shape_refused(monkeypatch):
    assert edit.fitted(Image.new("L", (48, 48)), (96, 96)).size == (96, 96)
    with pytest.raises(DataError):
        edit.fitted(Image.new("RGB", (96, 60)), (96, 96))

    def fails(images, instructions, seeds):
        raise RuntimeError("no more memory")

    monkeypatch.setattr(edit, "load_editor", lambda settings: fails)
    with pytest.raises(KitError, match="no more memory"):
        edit.edit(protected(), "flux-kontext", looked=True)
    with pytest.raises(ConfigError):
        edit.edit(protected(instruction="do what I mean"))


def test_a_program_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(command_editor, "SECONDS", 0.2)
    with pytest.raises(ResourceError):
        edit.edit(protected(), "command:sleep 30 {input} {output}", looked=True, profile="mini")


def test_the_leak_check_fails_closed(monkeypatch):
    source, surrogate, _ = pair()
    regions = [Region("picture frame", (30, 30, 66, 66))]
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: [])
    made = vouch.vouch(source, surrogate, regions)
    assert np.array_equal(np.asarray(made.image), surrogate)

    def broken(*arguments):
        raise RuntimeError("a detector fell over")

    for check in (broken, lambda *arguments: ["it shows a face"]):
        monkeypatch.setattr(vouch, "leaks", check)
        with pytest.raises(Refusal):
            vouch.vouch(source, surrogate, regions)


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A photo on disk in which no detector finds anything, and every surrogate passes; ERMA is not asked."""
    monkeypatch.setattr(protect, "find", lambda pixels, whole_body: [])
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: [])
    monkeypatch.setattr(protect, "editability", lambda source, drawn, *rest: ([0.5] * len(drawn), ""))
    path = tmp_path / "photo.png"
    Image.fromarray(scene(0)).save(path)
    return path


def test_the_command_shows_a_preview_first_and_goes_on_when_it_was_looked_at(photo, tmp_path, capsys):
    digest, output = hashlib.sha256(photo.read_bytes()).hexdigest(), tmp_path / "out"
    words = ["photo", str(photo), "Make it black and white", "--add", "30,30,66,66", "--output", str(output)]
    assert main(words) == 0
    assert {path.name for path in output.iterdir()} == {MARK, "preview.png"}
    assert main([*words, "--looked"]) == 0
    names = {path.name for path in output.iterdir()}
    assert names == {MARK, "preview.png", "surrogate.png", "edited.png", "recovered.png", "story.png"}
    recovered = np.asarray(Image.open(output / "recovered.png"))
    assert np.ptp(recovered[~box_mask()], axis=-1).max() == 0 and np.ptp(recovered, axis=-1).mean() < 2
    assert hashlib.sha256(photo.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", ["preview.png", "edited.png", "story.png"])
@pytest.mark.parametrize("itself", [True, False])
def test_the_command_writes_over_nothing_that_it_did_not_make(photo, tmp_path, name, itself):
    mine = tmp_path / "mine" / name
    mine.parent.mkdir()
    mine.write_bytes(photo.read_bytes())
    given = mine if itself else photo
    words = ["photo", str(given), "Make it grey", "--add", "30,30,66,66", "--output", str(mine.parent), "--looked"]
    assert main(words) == 2
    assert mine.read_bytes() == photo.read_bytes() and list(mine.parent.iterdir()) == [mine]


@pytest.mark.parametrize("drawn", ["upright", "stored"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_photo_stands_upright_however_it_is_given(photo, tmp_path, drawn, opened):
    upright = Image.fromarray(scene(0)).crop((0, 0, 96, 64))
    mask = Image.new("L", upright.size)
    mask.paste(255, (10, 5, 40, 20))
    exif, path = Image.Exif(), tmp_path / "turned.png"
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    if drawn == "stored" and not opened:
        mask.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "mask.png")
    else:
        mask.save(tmp_path / "mask.png")
    found = protect.open_photo(Image.open(path) if opened else path, mask=tmp_path / "mask.png")
    assert np.array_equal(found.source, upright) and np.array_equal(found.mask, np.asarray(mask) > 0)


def test_nothing_goes_on_without_a_look_at_this_very_preview(photo, tmp_path):
    output = tmp_path / "out"
    words = ["photo", str(photo), "Make it grey", "--output", str(output), "--looked", "--add"]
    assert main([*words, "30,30,66,66"]) == 2  # there was none
    assert main([*words, "30,30,66,66"]) == 0
    assert main([*words, "30,30,66,65"]) == 2  # less is private than in the one that was looked at
    assert {path.name for path in output.iterdir()} == {MARK, "preview.png"}


def test_the_answer_by_hand_must_be_to_the_surrogate_that_was_given(photo, tmp_path):
    output = tmp_path / "out"
    words = ["photo", str(photo), "Make it grey", "--add", "30,30,66,66", "--output", str(output)]
    assert main(words) == main([*words, "--looked", "--editor", "none"]) == 0
    given = (output / "surrogate.png").read_bytes()
    (tmp_path / "answer.png").write_bytes(given)
    assert main([*words, "--looked", "--edited", str(tmp_path / "answer.png"), "--seed", "1"]) == 2
    assert (output / "surrogate.png").read_bytes() == given
    assert main([*words, "--looked", "--edited", str(tmp_path / "answer.png")]) == 0
    assert (output / "recovered.png").exists()


def test_a_refusal_leaves_no_surrogate_nor_an_older_one(photo, tmp_path, monkeypatch, capsys):
    output = tmp_path / "out"
    for looked in ([], ["--looked"]):
        assert main(["photo", str(photo), "Make it grey", "--add", "0,0,9,9", "--output", str(output), *looked]) == 0
    assert (output / "surrogate.png").exists()
    monkeypatch.setattr(vouch, "leaks", lambda *arguments: ["it shows a face"])
    words = ["photo", str(photo), "Make it grey", "--add", "30,30,66,66", "--output", str(output), "--looked"]
    assert main(words) == 2 and main(words) == 2 and "face" in capsys.readouterr().err
    assert {path.name for path in output.iterdir()} == {MARK, "preview.png"}


@pytest.mark.parametrize(
    "options",
    [
        [],  # nothing private
        ["--add", "0,0,96,96"],  # everything private
        ["--add", "a,b,c,d"],
        ["--mask", "black.png"],
        ["--mask", "small.png"],
        ["--add", "30,30,66,66", "--candidates", "0", "--looked"],
        ["--add", "30,30,66,66", "--painter", "crayon", "--looked"],
    ],
)
def test_bad_options_are_one_sentence_and_leave_no_surrogate(photo, tmp_path, monkeypatch, capsys, options):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (96, 96)).save("black.png")
    Image.new("L", (20, 20), 255).save("small.png")
    if "--looked" in options:
        assert main(["photo", "photo.png", "Make it grey", *options[:2]]) == 0
    assert main(["photo", "photo.png", "Make it grey", *options]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "results/photo/surrogate.png").exists()


@pytest.mark.parametrize("content", [b"", b"ftypheic", png_bytes(Image.new("RGB", (1, 1)))])
def test_a_photo_that_cannot_be_used_is_one_sentence(photo, tmp_path, capsys, content):
    photo.write_bytes(content)
    assert main(["photo", str(photo), "Make it grey", "--add", "0,0,1,1", "--output", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists() and photo.read_bytes() == content


def test_an_empty_instruction_is_refused_before_anything_is_read(photo, tmp_path):
    assert main(["photo", str(photo), "  ", "--output", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_recovery_refuses_an_unknown_method():
    with pytest.raises(ConfigError):
        recover_photo(protected(), Image.new("RGB", (96, 96)), "magic")


def test_the_shipped_erma_judges_english_and_says_so_of_other_words(monkeypatch, tmp_path):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path))
    source, surrogate, _ = pair()
    scores, why = protect.editability(source, [surrogate, source], "Turn to an oil painting style", "mini")
    assert all(-1 < score < 1 for score in scores) and why == ""
    scores, why = protect.editability(source, [surrogate], "Mach daraus ein Ölgemälde", "mini")
    assert np.isnan(scores).all() and "English" in why
