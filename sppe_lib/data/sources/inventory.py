"""Which of the paper's data are there: the folders data/<NAME>, what they hold, what is missing, how to get it."""

from collections import Counter
from pathlib import Path

import pandas as pd

from sppe_lib.config import repository
from sppe_lib.data import released
from sppe_lib.data.parquet import parquet_file
from sppe_lib.data.sources import SOURCES, instructpix2pix, read_source
from sppe_lib.errors import DataError
from sppe_lib.published import read_published

OBTAIN_RELEASE = "https://github.com/SYuan-X/SPPE. Terms: its repository states no licence, see its site."
COLUMNS = ("source", "folder", "present", "images", "annotations", "published", "missing", "obtain")


def inventory(root: str | Path | None = None) -> pd.DataFrame:
    """One row of COLUMNS for each data set: what `root` (default: data/ of the repository) holds of it.

    `published` is the paper's number: images of the original sets, instances of SPPE, prompts of InstructPix2Pix.
    `annotations` counts label files or image entries, complete instances, rows. `missing` names problems with counts,
    and what cannot be read.
    """
    root = Path(root) if root is not None else repository() / "data"
    published = read_published("table1_datasets").set_index("dataset")["scale"]
    entries = [("SPPE", int(published["SPPE"]), OBTAIN_RELEASE)]
    entries += [(name, int(published[name]), source.obtain) for name, source in SOURCES.items()]
    entries.append((instructpix2pix.NAME, instructpix2pix.PUBLISHED_PROMPTS, instructpix2pix.OBTAIN))
    rows = []
    for name, number, obtain in entries:
        present = (root / name).is_dir()
        images, annotations, missing = _look(name, root / name) if present else (0, 0, "everything")
        rows.append((name, f"{root.name}/{name}", present, images, annotations, number, missing, obtain))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _look(name: str, folder: Path) -> tuple[int, int, str]:
    try:
        if name == instructpix2pix.NAME:
            rows = sum(parquet_file(shard).metadata.num_rows for shard in instructpix2pix.shards_below(folder))
            return 2 * rows, rows, "" if rows else "the Parquet shards"
        if name == "SPPE":
            found = released.find_instances(folder, size=512, strength=0.5)
            files = {path for plan in found.plans for path in (*plan.panels.values(), plan.grid) if path}
            counted = len(files), len(found.plans)
        else:
            found = read_source(name, folder, strict=False)
            counted = len(found.images), found.annotations
    except DataError as error:
        return 0, 0, str(error)
    kinds = Counter(problem.problem for problem in found.problems)
    return *counted, "; ".join(f"{number} x {kind}" for kind, number in kinds.items())
