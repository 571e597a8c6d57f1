"""Writes tiny data sets in the layouts of VISPR, Visual Redactions, DIPA, DIPA2 and InstructPix2Pix, for the tests."""

import json
from pathlib import Path

from datasets import Dataset, Features, Image, Value
from released_tree import picture, save

WIDTH, HEIGHT = 40, 30


def image(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    return save(picture(1).resize(size), path)


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def attribute(name: str, *polygons: list) -> dict:
    return {"instance_id": 0, "attr_id": name, "polygons": list(polygons), "area": [], "bbox": []}


def write_redactions(root: Path, attributes: list[dict] | None = None) -> Path:
    """One training image with a face (two polygons) and nudity, one test image with a plate."""
    square, triangle = [10, 10, 20, 10, 20, 20, 10, 20, 10, 10], [0, 0, 8, 0, 0, 8, 0, 0]
    usual = [attribute("a105_face_all", square, triangle), attribute("a110_nudity_all", square)]
    plate = [attribute("a108_license_plate_all", square)]
    for fold, name, items in (("train2017", "2017_1", attributes or usual), ("test2017", "2017_2", plate)):
        path = f"images/{fold}/{name}.jpg"
        image(root / path)
        entry = {"image_id": name, "image_path": path, "image_height": HEIGHT, "image_width": WIDTH}
        annotations = {name: entry | {"attributes": items}}
        write_json(root / f"{fold}.json", {"created_at": "", "stats": {}, "annotations": annotations})
    return root


def write_vispr(root: Path) -> Path:
    """Three images with labels of the whole image."""
    labels = {
        "train2017/2017_1": ["a9_face_complete", "a10_face_partial", "a4_gender", "a12_semi_nudity"],
        "val2017/2017_3": ["a0_safe"],
        "test2017/2017_2": ["a103_license_plate_complete"],
    }
    for name, values in labels.items():
        image(root / f"{name}.jpg")
        write_json(root / f"{name}.json", {"id": Path(name).name, "image_path": f"images/{name}.jpg", "labels": values})
    return root


def judgement(**private: bool) -> dict:
    """A person's judgement of objects, underscores for spaces in their names."""
    names = {name.replace("_", " "): value for name, value in private.items()}
    return {name: {"category": name, "informativeness": "5", "ifNoPrivacy": not value} for name, value in names.items()}


OBJECTS = (("Human face", [4, 5, 10, 8]), ("Person", [0, 0, 20, 28]), ("Lamp", [30, 2, 5, 5]))


def write_dipa(root: Path, second: bool, objects: tuple = OBJECTS) -> Path:
    """One image with three objects, two people: both find the face private, one the lamp, none the person.

    `second` writes DIPA2's label file. One person draws a box of their own.
    """
    image(root / "images/0a1b.jpg")
    labels = root / "original labels"
    labels.mkdir(parents=True, exist_ok=True)
    size = {"width": WIDTH, "height": HEIGHT, "source": "OpenImages"}
    records = [{"category": name, "bbox": box} for name, box in objects]
    if second:
        annotations = {str(index): record for index, record in enumerate(records)}
        write_json(labels / "0a1b_label.json", {"annotations": annotations} | size)
    else:
        lines = [str(record | size) if index else json.dumps(record | size) for index, record in enumerate(records)]
        (labels / "0a1b_label").write_text("\n".join(lines) + "\n", encoding="utf-8")
    laptop = {"category": "Laptop", "bbox": [20, 20, 4, 3], "informativeness": "6"}
    people = {
        "CrowdWorks": (judgement(Human_face=True, Person=False, Lamp=True), {}),
        "Prolific": (judgement(Human_face=True, Person=False), {"0": laptop}),
    }
    for number, (platform, (default, manual)) in enumerate(people.items()):
        person = f"annotator{number}"
        content = {"source": "OpenImages", "workerId": person, "defaultAnnotation": default, "manualAnnotation": manual}
        write_json(root / f"annotations/{platform}/labels/0a1b_{person}_label.json", content)
        write_json(root / f"annotations/{platform}/workerinfo/{person}.json", {"age": "40", "nationality": "Japan"})
    return root


def write_shard(path: Path, prompts: list, sources: list, edited: list, captions: list) -> Path:
    texts = dict.fromkeys(("original_prompt", "edit_prompt", "edited_prompt"), Value("string"))
    features = Features(texts | dict.fromkeys(("original_image", "edited_image"), Image()))
    columns = {"original_prompt": captions, "edit_prompt": prompts, "edited_prompt": ["b"] * len(prompts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as handle:
        pictures = {"original_image": sources, "edited_image": edited}
        Dataset.from_dict(columns | pictures, features=features).to_parquet(handle)
    return path


WRITERS = {
    "VISPR": write_vispr,
    "Redactions": write_redactions,
    "DIPA": lambda root: write_dipa(root, second=False),
    "DIPA2": lambda root: write_dipa(root, second=True),
}
"""What writes each annotated data set into a folder."""
