"""The list of pairs that `generate` works through: one JSON object a line, the fields of `Record`.

A record is of one of two kinds. Usually a region of one of the 36 categories is private, and the instructions are
published ones, named by their codes. In `schema.FULL_IMAGE_DATASETS` everything is private, and the record brings its
own words: the instruction and its weak tag, what the surrogate model is to paint, and, where there is one, I'.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from sppe_lib.data import taxonomy
from sppe_lib.data.problems import shown
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, SPLITS, full_image_columns, text_columns
from sppe_lib.data.surrogates import prompt_for
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.runtime import seed_of

_OWN = ("instruction", "tag", "prompt", "edited")

_FILES = ("source", "mask", "edited")


@dataclass(frozen=True)
class Record:
    """One pair to make: where its source and mask are, and the codes of the instructions to edit it by.

    Full-image records have no codes but an `instruction` with its `tag`, the surrogate model's `prompt`, and `edited`,
    the data set's own I' (None: the editor makes it); their `category` may be any name.
    """

    pair_id: str
    dataset: str
    split: str
    category: str
    codes: tuple[str, ...]
    source: Path
    mask: Path
    instruction: str = ""
    tag: str = ""
    prompt: str = ""
    edited: Path | None = None

    @property
    def whole(self) -> bool:
        """Whether the whole image is private."""
        return self.dataset in FULL_IMAGE_DATASETS

    @property
    def instructions(self) -> dict[str, str]:
        """Code and text of every instruction; the code of an own instruction is a digest of it."""
        if self.whole:
            return {f"{seed_of('instruction', self.instruction):016x}": self.instruction}
        return {code: taxonomy.instruction(code).text for code in self.codes}

    @property
    def surrogate_prompt(self) -> str:
        """What the surrogate model is asked to paint."""
        return self.prompt if self.whole else prompt_for(self.category)

    def columns(self, code: str, strength: float) -> dict:
        """The text columns of the instance of one of `instructions`."""
        if not self.whole:
            return text_columns(self.pair_id, self.dataset, self.split, self.category, code, strength)
        return full_image_columns(
            self.pair_id, self.dataset, self.split, self.category, code, self.instruction, self.tag, strength
        )

    def described(self) -> dict:
        """Its fields for a digest: files by name only, so that data which moved are the same data."""
        fields = {name: value for name, value in dataclasses.asdict(self).items() if value or name not in _OWN}
        return {name: value.name if isinstance(value, Path) else value for name, value in fields.items()}

    @property
    def files(self) -> list[Path]:
        """Its picture and mask, and I' where it brings one."""
        return [path for path in (self.source, self.mask, self.edited) if path]


def read_records(path: str | Path) -> list[Record]:
    """Read a list of records (UTF-8); picture paths are relative to it.

    Raises DataError naming the line for anything that is missing or unknown.
    """
    path = Path(path)
    name = shown(path.name)
    if not _is_file(path):
        raise DataError(f"The list of records {name!r} is missing; write one JSON object per line into it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The list of records {name!r} cannot be read ({error}); save it as UTF-8.") from None
    # Lines end at line feeds alone: prompts may hold what Unicode calls a line's end.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    records = [_record(line, f"{name} line {number}", path.parent) for number, line in lines]
    names = {record.pair_id for record in records}
    if not records or len(names) < len(records):
        raise DataError(f"The list of records {name!r} is empty or repeats a pair_id; give every pair its own.")
    return records


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long
        return False


def _record(line: str, where: str, folder: Path) -> Record:
    values = _fields(line, where)
    files = {name: folder / values[name] for name in _FILES if values.get(name)}
    record = Record(**{**values, "codes": tuple(values.get("codes") or ()), "edited": None, **files})
    if record.split not in SPLITS:
        raise DataError(f"{where}: the split {record.split!r} is unknown; use one of {', '.join(SPLITS)}.")
    (_check_whole if record.whole else _check_region)(record, where)
    for file in files.values():
        if not _is_file(file):
            name = shown(file.name)[-80:]
            raise DataError(f"{where}: the file {name} of {record.pair_id} is missing; correct its path.")
    return record


def _fields(line: str, where: str) -> dict:
    # Checked by type, so that nothing later meets a number or a list where a name should be.
    fields = {field.name: field.default is dataclasses.MISSING for field in dataclasses.fields(Record)}
    try:
        values = json.loads(line)
        if not isinstance(values, dict):
            raise TypeError("not an object")
        for name in values.keys() - fields.keys():
            raise TypeError(f"unknown field {name!r}")
        for name, required in fields.items():
            value = values.get(name, [] if name == "codes" else None if required else "")
            if name == "codes" and not (isinstance(value, list) and all(isinstance(code, str) for code in value)):
                raise TypeError("codes are no list of texts")
            text = isinstance(value, str) and (value or not required) or (name == "edited" and value is None)
            if name != "codes" and not text:
                raise TypeError(f"{name} is no text")
            if isinstance(value, str) and name not in _FILES:
                value.encode()
        return values
    except (ValueError, TypeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
        raise DataError(f"{where} is no record ({reason}); give it the fields {', '.join(fields)}.") from None


def _check_region(record: Record, where: str) -> None:
    try:
        taxonomy.category(record.category)
        for code in record.codes:
            taxonomy.instruction(code)
    except ConfigError as error:
        raise DataError(f"{where}: {error}") from None
    if not record.codes:
        raise DataError(f"{where}: {record.pair_id} has no codes; name at least one instruction.")
    if len({*record.codes}) < len(record.codes):
        raise DataError(f"{where}: {record.pair_id} repeats a code; name every instruction once.")
    own = [name for name in _OWN if getattr(record, name)]
    if own:
        raise DataError(
            f"{where}: {own[0]} is for the full-image data sets only ({', '.join(FULL_IMAGE_DATASETS)}); remove it or "
            f"correct the dataset {record.dataset!r}."
        )


def _check_whole(record: Record, where: str) -> None:
    if record.codes or not record.instruction or not record.prompt:
        raise DataError(
            f"{where}: {record.pair_id} is of the full-image data set {record.dataset}; give it an instruction and a "
            f"prompt, and no codes."
        )
    if record.tag not in taxonomy.TAGS:
        raise DataError(f"{where}: the tag {record.tag!r} is unknown; use one of {', '.join(taxonomy.TAGS)}.")
