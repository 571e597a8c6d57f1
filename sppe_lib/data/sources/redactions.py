"""Visual Redactions (Orekondy, Fritz, Schiele, CVPR 2018): polygons of private attributes on VISPR images.

Seen: the format in tools/dataset_creation/collate.py and tools/common/anno_utils.py of the authors'
repository tribhuvanesh/visual_redactions (one JSON per fold; `annotations` maps an image id to image_path,
image_height, image_width and attributes, each with attr_id and polygons, flat lists x1, y1, x2, y2, ...); the
28 attribute names in its resources/attr_id_to_question.tsv; the names train2017.json, val2017.json and
test2017.json in its config.py; and two independent projects that read the published files by these keys.
Not verified here, since nothing is downloaded: whether every published attribute has polygons (the site
speaks of COCO's RLE as well), and how the image archives unpack. So an image is found by its id, at any depth.
"""

from collections import Counter
from pathlib import Path

from sppe_lib.data.problems import read_json
from sppe_lib.data.sources.annotated import AnnotatedImage, Reading, Region, placed_regions
from sppe_lib.data.sources.files import add_unannotated, images_below, shown, split_of
from sppe_lib.errors import DataError

NAME = "Redactions"

CATEGORIES: dict[str, str | None] = {
    "a105_face_all": "faces",
    "a106_address_current_all": "current address",
    "a107_address_home_all": "home address",
    "a108_license_plate_all": "multi-vehicle plates",
    "a109_person_body": "person",
    "a110_nudity_all": None,
    "a111_name_all": "name all",
    "a18_ethnic_clothing": None,
    "a24_birth_date": "birth date",
    "a26_handwriting": "handwriting",
    "a29_ausweis": "ausweis",
    "a30_credit_card": "credit card",
    "a31_passport": "passport",
    "a32_drivers_license": "drivers license",
    "a33_student_id": "student id",
    "a35_mail": "mail",
    "a37_receipt": "receipt",
    "a38_ticket": "ticket",
    "a39_disability_physical": None,
    "a43_medicine": "medicine",
    "a49_phone": "phone",
    "a70_education_history": "education history",
    "a73_landmark": "landmark",
    "a7_fingerprint": "fingerprint",
    "a82_date_time": "date time",
    "a85_username": "username",
    "a8_signature": "signature",
    "a90_email": "email",
}
"""The data set's 28 attributes and our reading of Table 2: the category of each, None if it is none of the 36."""


def read(folder: Path) -> Reading:
    """Read a folder that holds the fold files and, at any depth, the images.

    Coordinates are scaled where the image file is smaller or larger than annotated (same aspect). Raises
    DataError for a missing folder, for broken JSON, and where no fold file is found; everything smaller
    becomes a problem of the reading.
    """
    reading, unknown = Reading(NAME), Counter()
    images = images_below(folder, reading)
    used, folds = set(), 0
    for path in sorted(folder.rglob("*.json")):
        content = read_json(path, f"The annotation file {shown(path, folder)}")
        entries = content.get("annotations") if isinstance(content, dict) else None
        if not isinstance(entries, dict):
            continue  # some other JSON, such as the site's weak annotations
        folds += 1
        for image_id, entry in entries.items():
            reading.annotations += 1
            image = images.get(image_id)
            if image is None:
                reading.add_problem("annotation without image", image_id, f"unpack the images of {path.stem}")
                continue
            used.add(image)
            regions = _regions(reading, unknown, image_id, entry, image)
            if regions is not None:
                reading.images.append(AnnotatedImage(NAME, split_of(path.relative_to(folder)), image, regions))
    if not folds:
        raise DataError(f"The folder {folder.name!r} holds no fold such as train2017.json; download the annotations.")
    reading.add_unknown(unknown)
    add_unannotated(reading, images, used)
    return reading


def _regions(reading: Reading, unknown: Counter, image_id: str, entry: dict, image: Path) -> list[Region] | None:
    try:
        annotated = int(entry["image_width"]), int(entry["image_height"])
        polygons = [(str(item["attr_id"]), list(flat)) for item in entry["attributes"] for flat in item["polygons"]]
    except (KeyError, TypeError, ValueError) as error:
        what = f"{image_id} ({type(error).__name__}: {error})"
        reading.add_problem("annotation that is not as documented", what, "download it again")
        return None
    shapes = []
    for name, polygon in polygons:
        if name not in CATEGORIES:
            unknown[name] += 1
        elif CATEGORIES[name] is None:
            reading.unmapped[name] += 1
        else:
            shapes.append((name, CATEGORIES[name], polygon))
    return placed_regions(reading, image, annotated, "polygon", shapes)
