"""VISPR (Orekondy, Schiele, Fritz, ICCV 2017): privacy attributes of whole images, without regions.

Seen: one JSON per image with `image_path` (below the data root), `labels` (attribute ids) and `id`, in
vispr/tools of the authors' repository tribhuvanesh/vpa; the JSON beside its image, train2017/<id>.json and
train2017/<id>.jpg, in a third party's reader (sourasb05/Fed-DIPA2), where all 67 private attributes are
listed; a0_safe, "nothing private", in several others. The ids are the finer first ones (a9_face_complete,
a10_face_partial); the `..._all` ones belong to Visual Redactions, whose authors' repository also says which
were merged into which (prev_to_new_attr_vec). Not verified here, since nothing is downloaded: the folders
that the archives unpack to. Images and annotations are found at any depth by their common name.

A label says that something is in the image, not where. So a reading has regions of kind "image", which
`with_regions` replaces by those of Visual Redactions (whose images are VISPR's), and `with_mask_files` by
a detector's masks.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from sppe_lib.data.problems import read_json
from sppe_lib.data.sources import redactions
from sppe_lib.data.sources.annotated import AnnotatedImage, Reading, Region
from sppe_lib.data.sources.files import add_unannotated, images_below, shown, split_of
from sppe_lib.errors import DataError

NAME = "VISPR"

_NONE = [
    "a0_safe",
    "a5_eye_color",
    "a6_hair_color",
    "a11_tattoo",
    "a12_semi_nudity",
    "a13_full_nudity",
    "a18_ethnic_clothing",
    "a23_birth_city",
    "a25_nationality",
    "a27_marital_status",
    "a39_disability_physical",
    "a41_injury",
    "a46_occupation",
    "a48_occassion_work",
    "a55_religion",
    "a56_sexual_orientation",
    "a57_culture",
    "a58_hobbies",
    "a59_sports",
    "a60_occassion_personal",
    "a61_opinion_general",
    "a62_opinion_political",
    "a64_rel_personal",
    "a65_rel_social",
    "a66_rel_professional",
    "a67_rel_competitors",
    "a68_rel_spectators",
    "a69_rel_views",
    "a92_email_content",
    "a97_online_conversation",
    "a99_legal_involvement",
    "a102_vehicle_ownership",
]

_MERGED = {
    "faces": "a9_face_complete a10_face_partial",
    "current address": "a74_address_current_complete a75_address_current_partial",
    "home address": "a78_address_home_complete a79_address_home_partial",
    "multi-vehicle plates": "a103_license_plate_complete a104_license_plate_partial",
    "person": "a1_age_approx a2_weight_approx a3_height_approx a4_gender a16_race a17_color",
    "name all": "a19_name_full a20_name_first a21_name_last",
}

CATEGORIES: dict[str, str | None] = (
    redactions.CATEGORIES
    | {name: category for category, names in _MERGED.items() for name in names.split()}
    | dict.fromkeys(_NONE)
)
"""Attribute id to category, None if it is none of the 36; our reading.

What is merged follows Visual Redactions, except names, whose merging its authors do not spell out.
"""


def read(folder: Path) -> Reading:
    """Read a folder that holds images and their JSON files at any depth.

    Raises DataError for a missing folder, for broken JSON, and where there is no annotation; everything
    smaller becomes a problem of the reading.
    """
    reading, unknown = Reading(NAME), Counter()
    images = images_below(folder, reading)
    used = set()
    for path in sorted(folder.rglob("*.json")):
        content = read_json(path, f"The annotation file {shown(path, folder)}")
        if not isinstance(content, dict) or not isinstance(content.get("labels"), list):
            continue  # some other JSON
        reading.annotations += 1
        image = images.get(path.stem)
        if image is None:
            reading.add_problem("annotation without image", shown(path, folder), "unpack the images as well")
            continue
        used.add(image)
        regions = {}
        for label in map(str, content["labels"]):
            if label not in CATEGORIES:
                unknown[label] += 1
            elif CATEGORIES[label] is None:
                reading.unmapped[label] += 1
            else:
                regions.setdefault(CATEGORIES[label], Region(CATEGORIES[label], "image"))
        split = split_of(path.relative_to(folder))
        reading.images.append(AnnotatedImage(NAME, split, image, list(regions.values())))
    if not reading.annotations:
        raise DataError(f"The folder {folder.name!r} holds no JSON file with labels; download the annotations.")
    reading.add_unknown(unknown)
    add_unannotated(reading, images, used)
    return reading


def with_regions(reading: Reading, placed: Reading) -> Reading:
    """Give VISPR's images the regions that another reading (Visual Redactions) has for images of the same name.

    Those two sets share their images, so an image without a namesake keeps its labels without a place.
    """
    regions = {annotated.image.stem: annotated.regions for annotated in placed.images}
    images = [
        replace(annotated, regions=list(regions.get(annotated.image.stem, annotated.regions)))
        for annotated in reading.images
    ]
    return replace(reading, images=images)


def with_mask_files(reading: Reading, folder: Path) -> Reading:
    """Give each label the mask `<folder>/<category with underscores>/<image name>.png`, white where private.

    For masks made by a detector, at the size of their images. Labels without such a file keep no place.
    Raises DataError if no label has one.
    """
    images, number = [], 0
    for annotated in reading.images:
        regions = []
        for region in annotated.regions:
            file = Path(folder) / region.category.replace(" ", "_") / f"{annotated.image.stem}.png"
            if region.kind == "image" and file.is_file():
                region = Region(region.category, "file", file=file)
                number += 1
            regions.append(region)
        images.append(replace(annotated, regions=regions))
    if not number:
        raise DataError(
            f"The folder {Path(folder).name!r} holds no mask of any labelled image; name them "
            f"<category>/<image name>.png."
        )
    return replace(reading, images=images)
