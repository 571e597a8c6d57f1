"""The list of pairs that `generate` works through: one JSON object a line, the fields of `Record`.

Usually a region of one of the 36 categories is private, and the instructions are published ones, named by their codes.
In `schema.FULL_IMAGE_DATASETS` everything is private, and the record brings its own words and, where there is one, I'.
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, StringConstraints, TypeAdapter
from pydantic.dataclasses import dataclass

from sppe_lib.data import taxonomy
from sppe_lib.data.problems import first_fault, shown
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, SPLITS, text_columns
from sppe_lib.data.surrogates import prompt_for
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.runtime import seed_of

_OWN = ("instruction", "tag", "prompt", "edited")
Text = Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Record:
    """One pair to make: where its source and mask are, and the codes of the instructions to edit it by.

    Full-image records have no codes but the last four fields; their `category` may be any name.
    """

    pair_id: Text
    dataset: Text
    split: Text
    category: Text
    source: Path
    mask: Path
    codes: tuple[str, ...] = ()
    instruction: str = ""
    tag: str = ""
    prompt: str = ""  # of the surrogate model
    edited: Path | None = None  # the data set's own I'; None: the editor makes it

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
        own = (self.instruction, self.tag) if self.whole else None
        return text_columns(self.pair_id, self.dataset, self.split, self.category, code, strength, own)

    def described(self) -> dict:
        """Its fields for a digest: files by name only, so that data which moved are the same data."""
        fields = {name: value for name, value in dataclasses.asdict(self).items() if value or name not in _OWN}
        return {name: value.name if isinstance(value, Path) else value for name, value in fields.items()}

    @property
    def files(self) -> list[Path]:
        """Its picture and mask, and I' where it brings one."""
        return [path for path in (self.source, self.mask, self.edited) if path]


_RECORD = TypeAdapter(Record)


def read_records(path: str | Path) -> list[Record]:
    """Read a list of records (UTF-8), with paths relative to it; DataError naming the line of what does not fit."""
    path = Path(path)
    name = shown(path.name)
    if not os.path.isfile(path):
        raise DataError(f"The list of records {name!r} is missing; write one JSON object per line into it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The list of records {name!r} cannot be read ({error}); save it as UTF-8.") from None
    # Lines end at line feeds alone: prompts may hold what Unicode calls a line's end.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    records = [_record(line, f"{name} line {number}", path.parent) for number, line in lines]
    if not records or len({record.pair_id for record in records}) < len(records):
        raise DataError(f"The list of records {name!r} is empty or repeats a pair_id; give every pair its own.")
    return records


def _record(line: str, where: str, folder: Path) -> Record:
    try:
        record = _RECORD.validate_python(json.loads(line))
        files = {name: folder / getattr(record, name) for name in ("source", "mask", "edited") if getattr(record, name)}
        record = dataclasses.replace(record, **files)
        fault = _fault(record)
    except (ValueError, RecursionError) as error:
        fields = ", ".join(field.name for field in dataclasses.fields(Record))
        raise DataError(f"{where} is no record ({first_fault(error)}); give it the fields {fields}.") from None
    except ConfigError as error:
        fault = str(error).rstrip(".")
    if fault:
        raise DataError(f"{where}: {fault}.")
    return record


def _fault(record: Record) -> str:
    """What keeps a record from being used; what to do; "" if nothing does."""
    name, own = record.pair_id, [name for name in _OWN if getattr(record, name)]
    if record.split not in SPLITS:
        return f"the split {record.split!r} is unknown; use one of {', '.join(SPLITS)}"
    if record.whole:
        if record.codes or not record.instruction or not record.prompt:
            return f"{name} is of the full-image data set {record.dataset}; give it an instruction, a prompt, no codes"
        if record.tag not in taxonomy.TAGS:
            return f"the tag {record.tag!r} is unknown; use one of {', '.join(taxonomy.TAGS)}"
    else:
        taxonomy.category(record.category)
        if own:
            return f"{own[0]} is for the full-image data sets only ({', '.join(FULL_IMAGE_DATASETS)}); remove it"
        if len(set(map(taxonomy.instruction, record.codes))) < max(1, len(record.codes)):
            return f"{name} {'repeats a code' if record.codes else 'has no codes'}; name every instruction once"
    missing = [shown(file.name)[-80:] for file in record.files if not os.path.isfile(file)]
    return f"the file {missing[0]} of {name} is missing; correct its path" if missing else ""
