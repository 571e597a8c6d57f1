"""How far a rerun is from the committed run: verdicts first, then every number of the tables.

    python -m sppe_lib.tools.reproduced                    # after `make repro`; or `make reproduced`
    python -m sppe_lib.tools.reproduced --against v1.0 --output FILE.md

It compares `figures/<profile>/` as it is now, if it is what this machine's `results/<profile>/` say, with what git has
of it. A difference is measured by the number's own interval: half of its width is 100 %, so a few per cent are far
below what other instances would have changed.
"""

import argparse
import io
import json
import os
import subprocess
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from sppe_lib.config import Profile, load_profile, repository
from sppe_lib.data.own_folder import check_files, mark_file
from sppe_lib.errors import DataError, command_line
from sppe_lib.evaluation.claims import evaluate_claims
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, markdown, number
from sppe_lib.runtime import processor, write_text

CLAIMS = "claims.json"
COLUMNS = ["table", "numbers", "moved", "share", "place", "before", "after"]

ELSEWHERE = {
    "table_time": "times, which belong to a machine",
    "table_ledger": "sentences",
    "table_verdicts": "`claims.json`, compared above",
    "table_gates": "`gates.json`, which `dvc metrics diff` compares",
    "table_search": "made by `make search`",
    "table_recovery_seeds": "depends on `recovery.training.seeds`, which a default run has fewer of",
}
"""Tables that are not compared number by number, and why."""

VERDICT = {True: "holds", False: "does not hold", None: "not tested"}


def _git(*arguments: str) -> str | None:
    found = subprocess.run(["git", *arguments], cwd=repository(), capture_output=True, text=True, encoding="utf-8")
    return None if found.returncode else found.stdout


def committed_files(profile: Profile, revision: str) -> dict[str, str]:
    """Verdicts and tables of a profile at a git revision: path below `figures/<profile>/` -> content.

    Raises DataError where git has no run of that profile.
    """
    folder, found = f"figures/{profile.name}/", {}
    for name in (_git("ls-tree", "-r", "-z", "--name-only", revision, folder) or "").split("\0"):
        path = Path(name)
        table = path.suffix == ".csv" and path.stem.startswith("table") and path.stem not in ELSEWHERE
        if table or path.name == CLAIMS:
            found[name.removeprefix(folder)] = _git("show", f"{revision}:{name}")
    if CLAIMS not in found:
        raise DataError(
            f"git has no run of profile {profile.name} at {revision} to compare with: choose a profile whose figures "
            f"are committed (make reproduced PROFILE=mini) or another revision (AGAINST=...)."
        )
    return found


def _read(name: str, text: str) -> pd.DataFrame | list[dict]:
    try:
        return json.loads(text) if name == CLAIMS else pd.read_csv(io.StringIO(text))
    except (ValueError, RecursionError) as error:  # what pandas raises for an empty file or a broken line is one
        kind = "valid JSON" if name == CLAIMS else f"readable table ({error})"
        raise DataError(f"{name} is no {kind}: run make repro again.") from None


def check_run(profile: Profile, stored: list[dict]) -> None:
    """Raise DataError unless `stored`, the content of claims.json, is what this machine's results say: figures that
    came with the repository would be compared with themselves."""
    finish = f"make repro PROFILE={profile.name}"
    if not (profile.results / "metrics").is_dir():
        raise DataError(f"No run of profile {profile.name} here to compare: run {finish} first.")
    here = pd.DataFrame(json.loads(json.dumps(evaluate_claims(profile))))
    try:  # last digits move with the number of threads
        pd.testing.assert_frame_equal(here, pd.DataFrame(stored).reindex(columns=here.columns), rtol=1e-9)
    except AssertionError:
        raise DataError(
            f"figures/{profile.name}/{CLAIMS} is not what results/{profile.name} say: finish the run with {finish}, of "
            f"the same commit."
        ) from None


def compare_tables(name: str, before: pd.DataFrame, after: pd.DataFrame) -> dict[str, object]:
    """What the numbers of one table became: how many there are, how many moved, and the estimate that moved most.

    `share`: its movement in halves of its interval's width; missing where none that has an interval moved, and then the
    largest movement is meant. `place`: the row's words; `before` and `after`: the number in the two runs. Raises
    DataError where rows or columns differ.
    """
    mine = [column for column in before if not column.startswith("published") and not column.endswith("_published")]
    numeric = [column for column in mine if is_numeric_dtype(before[column])]
    words = [column for column in mine if column not in numeric]
    other = list(before) != list(after) or len(before) != len(after) or not before[words].equals(after[words])
    if other or not all(is_numeric_dtype(after[column]) for column in numeric):
        raise DataError(
            f"{name} has other rows or columns than the committed one: run the same commit and profile to compare."
        )
    changes = (after[numeric] - before[numeric]).abs()
    moved = (changes > 0) | (before[numeric].isna() != after[numeric].isna())
    counts = {"numbers": int(before[numeric].notna().sum().sum()), "moved": int(moved.sum().sum())}
    found = {"table": name, **counts, "share": None, "place": "", "before": None, "after": None}
    # A column of estimates -> how its interval's columns begin: `value` has low and high, others have x_low and x_high.
    spans = {column: "" if column == "value" else f"{column}_" for column in ("value", "srcc", "plcc", "difference")}
    estimates = [column for column in spans if column in numeric]
    shares = pd.DataFrame(index=before.index, columns=estimates, dtype=float)
    for column in estimates:
        low, high = (before.get(spans[column] + end) for end in ("low", "high"))
        if low is not None and high is not None:
            shares[column] = (changes[column] / ((high - low) / 2)).where(moved[column] & (high > low))
    # Without an interval the largest movement counts, and a number that came or went more than any.
    by = shares if shares.notna().any(axis=None) else changes[estimates].fillna(float("inf")).where(moved[estimates])
    if not by.notna().any(axis=None):
        return found
    row, column = by.stack().idxmax()
    place = ", ".join(str(entry) for entry in before.loc[row, words].dropna()) + f": {column}"
    share = float(by.loc[row, column]) if by is shares else None
    return found | {"share": share, "place": place, "before": before.loc[row, column], "after": after.loc[row, column]}


def compare(profile: Profile, revision: str = "HEAD") -> Document:
    """Verdicts and tables of `figures/<profile>/` beside those at a git revision.

    Its data have a row for every table (`compare_tables`). Raises DataError where there is no run here or at
    that revision, or where a file is missing, broken or of other instances.
    """
    committed = committed_files(profile, revision)
    if lost := next((path for path in committed if not (profile.figures / path).is_file()), None):
        raise DataError(f"This run has no figures/{profile.name}/{lost}: make repro PROFILE={profile.name} ends it.")
    here = {path: (profile.figures / path).read_text(encoding="utf-8") for path in committed}
    old, new = (_read(CLAIMS, texts.pop(CLAIMS)) for texts in (committed, here))
    check_run(profile, new)
    claims = [entry["claim"] for entry in old]
    if claims != [entry["claim"] for entry in new]:
        raise DataError(f"{CLAIMS} has other claims than at {revision}: run the same commit to compare.")
    first, second = ([VERDICT[entry["holds"]] for entry in entries] for entries in (old, new))
    verdicts = pd.DataFrame({"claim": claims, "committed": first, "this run": second})
    rows = [
        compare_tables(Path(path).stem, *(_read(Path(path).name, texts[path]) for texts in (committed, here)))
        for path in committed
    ]
    found = pd.DataFrame(rows, columns=COLUMNS).astype({"share": float, "before": float, "after": float})
    cells = pd.DataFrame({
        "table": found["table"], "numbers": found["numbers"].astype(str), "moved": found["moved"].astype(str),
        "moved most": found["place"].replace("", NOTHING),
        "committed": [number(value, 4) for value in found["before"]],
        "this run": [number(value, 4) for value in found["after"]],
        "of half its interval": [NOTHING if pd.isna(share) else f"{share:.1%}" for share in found["share"]],
    })  # fmt: skip
    commit, same = (_git("rev-parse", "--short", revision) or revision).strip(), sum(map(str.__eq__, first, second))
    notes = [
        f"Profile `{profile.name}`, {processor()}, {os.cpu_count()} cores. {same} of {len(claims)} verdicts are those "
        f"committed in {commit}, and of {found['numbers'].sum()} numbers {found['moved'].sum()} moved.",
        "A difference of two nearly equal runs has a tiny interval, so it may move by much of it and still be nothing.",
        "Not compared number by number: " + "; ".join(f"`{name}` ({why})" for name, why in ELSEWHERE.items()) + ".",
    ]
    sections = [Section("Verdicts", verdicts), Section("Tables", cells)]
    return Document("table_reproduced", "This run beside the committed one", notes, sections, found)


@command_line
def main(arguments: list[str]) -> None:
    """Command line: print the comparison as Markdown, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", help="a name in params.yaml (default: the one chosen there)")
    parser.add_argument("--against", default="HEAD", help="git revision with the figures to compare with")
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    chosen = parser.parse_args(arguments)
    if chosen.output:
        check_files(chosen.output.parent, [chosen.output.name])
    text = markdown(compare(load_profile(chosen.profile or None), chosen.against))
    if chosen.output:
        write_text(chosen.output, text)
        mark_file(chosen.output)
    print(text, end="")


if __name__ == "__main__":
    raise SystemExit(main())
