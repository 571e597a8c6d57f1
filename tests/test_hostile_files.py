"""Real and hostile inputs: nobody's file is lost, no private pixel leaves, and errors are the kit's own."""

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path as FilePath

import fuzz_readers
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from released_tree import INVERSE, mask, save, stored
from source_trees import HEIGHT, WIDTH, attribute, image, write_json, write_redactions, write_vispr

from sppe_lib import pictures
from sppe_lib.data.own_folder import MARK, check_output, own_folder
from sppe_lib.data.record_list import read_records
from sppe_lib.data.sources import read_source, records
from sppe_lib.data.sources.reading import private_masks
from sppe_lib.data.sources.regions import Region, polygon_mask, region_mask
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.pictures import picture_layout, plain_rgb, png_bytes, read_mask, read_picture, shrink_mask, turned


def corner_picture(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Grey, with a red corner above left that tells how it is turned."""
    picture = Image.new("RGB", (width, height), (90, 90, 90))
    picture.paste((255, 0, 0), (2, 3, 12, 8))
    return picture


def red_box(picture: Image.Image) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero((np.asarray(picture)[..., 0] > 200) & (np.asarray(picture)[..., 1] < 60))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright(orientation, form):
    content = stored(corner_picture(), orientation, form, **({"lossless": True} if form == "WEBP" else {}))
    assert picture_layout(content)[0] == (WIDTH, HEIGHT)
    for picture in (read_picture(content), plain_rgb(Image.open(io.BytesIO(content)))):
        assert picture.size == (WIDTH, HEIGHT) and np.abs(np.subtract(red_box(picture), (2, 3, 12, 8))).max() <= 1


def test_sixteen_bits_are_scaled_by_their_range(tmp_path):
    levels = np.linspace(0, 65535, 12 * 8).astype(np.uint16).reshape(8, 12)
    for name in ("a.png", "a.tif", "a.pgm"):
        Image.fromarray(levels).save(tmp_path / name)
    tifffile.imwrite(tmp_path / "white is zero.tif", 65535 - levels, photometric="miniswhite")
    for path in tmp_path.iterdir():
        assert np.abs(np.asarray(read_picture(path))[..., 0] - levels / 257).max() <= 1
        private = np.asarray(read_mask(path, (12, 8))) > 0
        assert np.array_equal(private, np.rint(levels / 257) > 127)  # low values are no private pixels


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_erased_content_does_not_return(mode):
    erased = Image.new("RGBA", (12, 8), (255, 0, 0, 255))
    erased.paste((200, 30, 40, 0), (3, 2, 9, 6))  # its colours are still in the file
    buffer = io.BytesIO()
    (erased.quantize(8) if mode == "P" else erased.convert(mode)).save(buffer, "PNG")
    inside = np.asarray(read_picture(buffer.getvalue()))[2:6, 3:9]
    assert (inside == 255).all()
    assert (np.asarray(Image.open(io.BytesIO(png_bytes(Image.open(buffer)))).convert("RGB"))[2:6, 3:9] == 255).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_what_a_profile_means_is_kept_in_every_mode(mode):
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"????"), (b"gXYZ", b"rXYZ"), (b"????", b"gXYZ"), (b"s\0R\0G\0B", b"x\0R\0G\0B")):
        swapped = swapped.replace(old, new)  # red and green change places
    buffer = io.BytesIO()
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    (red.quantize(2) if mode == "P" else red.convert(mode)).save(buffer, "PNG", icc_profile=swapped)
    assert np.abs(np.subtract(read_picture(buffer.getvalue()).getpixel((1, 1)), (0, 255, 0))).max() <= 2


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (128, 0, 0), (0, 128, 128)])
def test_every_colour_of_a_mask_is_private(tmp_path, colour):
    drawn = mask((0, 0, 3, 3), (12, 8)).convert("RGB")
    drawn.paste(colour, (6, 2, 9, 6))
    drawn.quantize(4).save(tmp_path / "mask.png")
    assert np.count_nonzero(read_mask(tmp_path / "mask.png", (12, 8))) == 9 + 12


@pytest.mark.parametrize("content", [None, b"", b"not an image", b"\x89PNG\r\n\x1a\n", ".jpg", ".png"])
def test_a_picture_that_is_not_there_whole_is_named(tmp_path, content):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    path = save(noise, tmp_path / "faces" / f"1{content if isinstance(content, str) else '.png'}")
    assert read_picture(path, size=16).size == (16, 16)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if isinstance(content, str) else content or b"")
    if content is None:
        path.unlink()
    with pytest.raises(DataError, match=r"faces/1\.(jpg|png) is .*; (replace|restore|save)[^\n]*\.$"):
        read_picture(path)


def test_what_is_encoded_carries_pixels_only():
    text, exif, buffer = PngInfo(), Image.Exif(), io.BytesIO()
    text.add_text("Comment", "the owner's name")
    exif[0x010E] = "the owner's name"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    corner_picture().save(buffer, "PNG", pnginfo=text, exif=exif, icc_profile=profile, dpi=(72, 72))
    for opened in (Image.open(buffer), read_picture(buffer.getvalue())):
        chunks = Image.open(io.BytesIO(png_bytes(opened)))
        chunks.load()
        assert chunks.info == {} and not chunks.getexif() and b"owner" not in png_bytes(opened)
    assert np.array_equal(read_picture(buffer.getvalue()), corner_picture())
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    with pytest.raises(DataError, match="megapixels"):
        read_picture(buffer.getvalue())


MASKS = st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=30)


@given(MASKS, st.integers(1, 40), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_no_private_pixel_is_lost_when_a_mask_changes_its_size(rows, height, width):
    private = np.array(rows)
    shrunk = shrink_mask(private, width, height)
    for row, column in zip(*np.nonzero(private), strict=True):
        assert shrunk[row * height // private.shape[0], column * width // private.shape[1]]
    for row, column in zip(*np.nonzero(shrunk), strict=True):
        top, left = row * private.shape[0] // height, column * private.shape[1] // width
        bottom, right = -(-(row + 1) * private.shape[0] // height), -(-(column + 1) * private.shape[1] // width)
        assert private[top:bottom, left:right].any()


@pytest.mark.parametrize(("side", "size"), [(97, 32), (64, 32), (100, 64), (20, 33)])
def test_no_private_pixel_reaches_beyond_its_mask_when_a_picture_changes_its_size(side, size):
    private = np.zeros((side, side), bool)
    private[side // 3 : side // 2, side // 4 : side // 2] = True
    photo = np.where(private[..., None], 255, 0).astype(np.uint8).repeat(3, axis=-1)
    small = np.asarray(pictures.square(Image.fromarray(photo), size))
    covered = np.asarray(pictures.resize_mask(pictures.mask_image(private), size)) > 0
    assert small[covered].max() == 255 and small[~covered].max() == 0


POINTS = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 20)), min_size=3, max_size=12, unique=True)


@given(POINTS)
@settings(max_examples=80, deadline=None)
def test_a_polygon_keeps_its_pixels_however_it_is_walked(points):
    flat = tuple(value for point in points for value in point)
    private = region_mask(Region("faces", "polygon", flat), (30, 20))
    rows, columns = np.indices(private.shape)
    centres = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1)
    assert private.any() and private.ravel()[Path([*points, points[0]], closed=True).contains_points(centres)].all()
    back = (*flat, *flat[:2], *(value for point in points[:0:-1] for value in point))
    for again in (flat * 2, back):
        assert (region_mask(Region("faces", "polygon", again), (30, 20)) | ~private).all()


def test_overlapping_loops_leave_no_hole():
    first, second = [5, 5, 15, 5, 15, 15, 5, 15, 5, 5], [10, 10, 10, 20, 20, 20, 20, 10, 10, 10]
    back_and_forth = [0, 0, 20, 0, 20, 20, 10, 20, 10, 5, 25, 5, 25, 15, 5, 15, 5, 25, 0, 25]
    both = (np.reshape(points, (-1, 2)).astype(float) for points in (first + second, back_and_forth))
    loops, walked = (polygon_mask(points, 30, 25) for points in both)
    assert loops.sum() == 100 + 100 - 25 and walked[5:15, 10:20].all()


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("drawn", ["upright", "stored"])
def test_annotations_follow_the_picture(tmp_path, orientation, drawn):
    if drawn == "stored" and orientation == 3:
        pytest.skip("the two sizes are the same: taken as upright")
    root = write_redactions(tmp_path / "R")
    upright = corner_picture()
    (root / "images/test2017/2017_2.jpg").write_bytes(stored(upright, orientation, "JPEG", quality=95, subsampling=0))
    seen = upright if drawn == "upright" else turned(upright, INVERSE[orientation])
    left, top, right, bottom = red_box(seen)
    box = [int(value) for value in (left, top, right, top, right, bottom, left, bottom)]
    entry = {"image_width": seen.width, "image_height": seen.height, "attributes": [attribute("a105_face_all", box)]}
    write_json(root / "test2017.json", {"annotations": {"2017_2": entry}})
    (found,) = [one for one in private_masks(read_source("Redactions", root)) if one.image.stem == "2017_2"]
    rows, columns = np.nonzero(np.asarray(found.mask))
    assert found.mask.size == (WIDTH, HEIGHT)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (2, 3, 12, 8)


def test_one_image_in_two_folds_keeps_two_masks_and_is_listed(tmp_path):
    root = write_redactions(tmp_path / "R")
    items = [attribute("a105_face_all", [30, 20, 35, 20, 35, 25, 30, 25])]
    other = {"image_width": WIDTH, "image_height": HEIGHT, "attributes": items}
    write_json(root / "val2017.json", {"annotations": {"2017_1": other}})
    reading = read_source("Redactions", root, strict=False)
    assert [problem.problem for problem in reading.problems] == ["image annotated twice"]
    listed = read_records(records.write_records(reading, tmp_path / "out"))
    masks = {record.split: np.asarray(Image.open(record.mask)) for record in listed if "2017_1" in record.pair_id}
    assert {split: int((pixels > 0).sum()) for split, pixels in masks.items()} == {"train": 136, "val": 25}


def test_two_images_of_one_name_are_told_apart_or_refused(tmp_path):
    root = write_vispr(tmp_path / "V")
    image(root / "train2017/2017_1.png")
    assert not [one for one in read_source("VISPR", root, strict=False).images if one.image.stem == "2017_1"]
    with pytest.raises(DataError, match="2017_1.jpg.*2017_1.png|2017_1.png.*2017_1.jpg"):
        read_source("VISPR", root)
    (root / "train2017/2017_1.png").rename(root / "val2017/2017_1.png")
    write_json(root / "val2017/2017_1.json", {"labels": ["a9_face_complete"]})
    found = {(one.split, one.image.suffix) for one in read_source("VISPR", root).images if one.image.stem == "2017_1"}
    assert found == {("train", ".jpg"), ("val", ".png")}


def test_a_region_without_a_place_is_listed_and_its_category_left_out(tmp_path):
    square = [10, 10, 20, 10, 20, 20, 10, 20]
    items = [attribute("a105_face_all", square), attribute("a105_face_all"), attribute("a35_mail", square)]
    reading = read_source("Redactions", write_redactions(tmp_path / "R", items), strict=False)
    assert [problem.file for problem in reading.problems] == ["2017_1.jpg (a105_face_all)"]
    assert {one.category for one in private_masks(reading) if one.image.stem == "2017_1"} == {"mail"}


def test_leftovers_links_and_capital_letters(tmp_path):
    root = write_redactions(tmp_path / "R")
    (root / "._train2017.json").write_bytes(b"\0\5\26\7")
    (root / "train2017 (1).json").write_bytes((root / "train2017.json").read_bytes())
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints/test2017-checkpoint.json").write_text("{")
    (root / "test2017.json").rename(root / "test2017.JSON")
    (root / "test2017.JSON").write_bytes(b"\xef\xbb\xbf" + (root / "test2017.JSON").read_bytes())
    (root / "images/test2017").rename(tmp_path / "elsewhere")
    (root / "images/test2017").symlink_to(tmp_path / "elsewhere")
    (root / "images/round").symlink_to(root)
    reading = read_source("Redactions", root)
    assert sorted(one.image.stem for one in reading.images) == ["2017_1", "2017_2"]


NAMES = ["a b", "ü\u2028x", "x[1]", "a::b", "y" * 240, "line\u0085end", "naïve (1)"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_becomes_a_record(tmp_path, name):
    root = write_redactions(tmp_path / name)
    content = json.loads((root / "test2017.json").read_text())
    content["annotations"] = {name: content["annotations"]["2017_2"]}
    write_json(root / "test2017.json", content)
    (root / "images/test2017/2017_2.jpg").rename(root / f"images/test2017/{name}.jpg")
    listed = read_records(records.write_records(read_source("Redactions", root), tmp_path / "out"))
    (record,) = [one for one in listed if one.split == "test"]
    assert record.source.resolve() == (root / f"images/test2017/{name}.jpg").resolve() and record.mask.is_file()


def tree_of(folder: FilePath) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("output", ["data", "data/R", ".", "data/R/..", "link", "data/R/images", "data/other", "links"])
def test_a_command_writes_into_no_folder_but_its_own(tmp_path, monkeypatch, output):
    root = write_redactions(tmp_path / "data/R")
    for folder in ("data/other", "links"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data/other/notes.txt").write_text("mine")
    for link in ("link", "links/kept"):
        (tmp_path / link).symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    before = tree_of(tmp_path)
    assert records.main(["Redactions", str(root), output]) == 2
    assert tree_of(tmp_path) == before and (tmp_path / "links/kept").is_symlink()


def test_what_a_command_made_is_replaced_unless_somebody_changed_it(tmp_path):
    root, out = write_redactions(tmp_path / "R"), tmp_path / "out"
    (tmp_path / "disk").mkdir()
    out.symlink_to(tmp_path / "disk")
    for _ in range(2):
        assert records.main(["Redactions", str(root), str(out)]) == 0
        assert out.is_symlink() and len(read_records(out / "records.jsonl")) == 2
    (out / ".DS_Store").write_bytes(b"litter")
    assert records.main(["Redactions", str(root), str(out)]) == 0
    for name in ("notes.txt", "records.jsonl"):
        (out / name).write_text("by hand")
        before = tree_of(tmp_path)
        assert records.main(["Redactions", str(root), str(out)]) == 2 and tree_of(tmp_path) == before
        (out / "notes.txt").unlink(missing_ok=True)


def test_outputs_that_cannot_be_written_are_one_sentence(tmp_path):
    (tmp_path / "file").write_text("a")
    for output in (tmp_path / "file", tmp_path / "file/below", tmp_path / ("x" * 300)):
        with pytest.raises(KitError), own_folder(output, []):
            pytest.fail("began its work")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(ConfigError):
        check_output(tmp_path / "round", [])
    assert not (tmp_path / MARK).exists() and (tmp_path / "file").read_text() == "a"


@pytest.mark.parametrize("reader", fuzz_readers.READERS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=int(os.environ.get("FUZZ", "15")), deadline=None)
def test_readers_raise_nothing_but_the_kits_errors(reader, seed):
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        fuzz_readers.run(reader, seed, FilePath(folder))
