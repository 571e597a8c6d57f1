"""Tables from synthetic result files: right numbers, the paper beside them, gaps shown as gaps."""

import pandas as pd
import pytest
import tiny
from evaluation_files import METHODS, metric_rows, profile_in, write_editability, write_metrics

from sppe_lib.data.taxonomy import GROUPS
from sppe_lib.errors import DataError
from sppe_lib.evaluation.evaluate import metrics_file
from sppe_lib.evaluation.rendering import Document, Section, beside, best, latex, latex_text, markdown, number
from sppe_lib.evaluation.results import read_metrics
from sppe_lib.evaluation.tables import write_tables
from sppe_lib.published import read_published

LEVELS = dict(zip(METHODS, (0.5, 0.55, 0.52, 0.6, 0.7)))


def _fill(profile) -> None:
    tiny.tiny_benchmark(profile.results / "benchmark", {"train": 36, "val": 1, "test": 2}, size=32)
    write_metrics(profile, {name: metric_rows(level=level) for name, level in LEVELS.items()})
    write_editability(profile)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run whose tables are written, intervals and all; for tests that only read."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        profile = profile_in(tmp_path_factory.mktemp("tables"), monkeypatch)
        _fill(profile)
        write_tables(profile)
        yield profile


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run to change, without intervals because they take the time."""
    profile = profile_in(tmp_path, monkeypatch, bootstrap=0)
    _fill(profile)
    return profile


def _csv(profile, name: str) -> pd.DataFrame:
    return pd.read_csv(profile.figures / "tables" / f"{name}.csv")


def _text(profile, name: str, suffix: str = "md") -> str:
    return (profile.figures / "tables" / f"{name}.{suffix}").read_text(encoding="utf-8")


def test_every_table_comes_in_three_formats_with_the_published_columns(written):
    paths = sorted((written.figures / "tables").iterdir())
    names = {path.stem for path in paths}
    assert len(paths) == 3 * len(names) and all(path.stat().st_size > 100 for path in paths)
    for name in ("table1_datasets", "table2_taxonomy", "table4_editability", "table5_table6_recovery_sppe"):
        published = list(read_published(name).columns)
        assert list(_csv(written, name).columns)[: len(published) + 2] == [*published, "n", "published"]
    for path in paths:
        if path.suffix == ".tex":
            text = path.read_text(encoding="utf-8")
            assert text.count(r"\begin{tabular}") == text.count(r"\toprule") == text.count(r"\bottomrule")
            assert text.count("{") == text.count("}")
        if path.suffix == ".md":
            assert "SPPE-mini (simulated)" in path.read_text(encoding="utf-8")


def test_table_1_has_the_papers_rows_and_ours(written):
    table = _csv(written, "table1_datasets").set_index("dataset")
    assert table.loc["SPPE", ["scale", "published"]].tolist() == [55_696, 55_696]
    assert table.loc["SPPE-mini (simulated)", "n"] == 2 * (36 + 1 + 2)
    assert pd.isna(table.loc["SPPE-mini (simulated)", "published"])


def test_table_2_counts_pairs_beside_the_papers(written):
    table = _csv(written, "table2_taxonomy").set_index("category")
    assert table.loc["human face", ["source_surrogate_pairs", "n", "published"]].tolist() == [3, 6, 276]
    assert table.loc["landmark", ["source_surrogate_pairs", "n", "published"]].tolist() == [1, 2, 1730]
    assert "27,848" in _text(written, "table2_taxonomy") and "55,696" in _text(written, "table2_taxonomy")


def test_table_4_says_which_weights_are_missing_and_which_baselines_are_ours(written):
    table = _csv(written, "table4_editability").set_index("method")
    assert pd.isna(table.loc["DISTS", "srcc"]) and table.loc["DISTS", "srcc_published"] == 0.5843
    assert table.loc["ERMA", "n"] == 71  # one of the 72 labels is undefined
    assert table.loc["ERMA", "srcc_low"] < table.loc["ERMA", "srcc"] < table.loc["ERMA", "srcc_high"]
    assert pd.isna(table.loc["GMSD", "published"])
    rows = {
        line.split("|")[1].strip(): line for line in _text(written, "table4_editability").splitlines() if "|" in line
    }
    assert "– (0.5843)" in rows["DISTS"] and "weights not available" in rows["DISTS"]
    assert "not run in this profile yet" in rows["AHIQ"]
    assert rows["ERMA"].count("**") == 8  # ours and the paper's are best on both
    assert list(rows)[-1] == "ERMA"


def test_tables_5_and_6_put_the_paper_beside_and_the_trivial_rows_in(written):
    table = _csv(written, "table5_table6_recovery_sppe").set_index(["metric", "method", "group"])
    measured = metric_rows(level=0.7)
    row = table.loc[("psnr_gt", "C2E-S2SER", "Overall")]
    assert row["value"] == pytest.approx(measured["psnr_gt"].mean(), rel=1e-4)
    assert (row["n"], row["published"], row["undefined"]) == (72, 23.3774, 0)
    assert row["low"] < row["value"] < row["high"]
    face = measured[measured["group"] == "Face"]
    assert table.loc[("ssim_gt", "C2E-S2SER", "Face"), "value"] == pytest.approx(face["ssim_gt"].mean(), rel=1e-4)
    assert pd.isna(table.loc[("psnr_gt", "VISII", "Overall"), "value"])
    assert table.loc[("psnr_gt", "VISII", "Overall"), "published"] == 18.6009
    assert pd.isna(table.loc[("psnr_gt", "copy-surrogate", "Overall"), "published"])
    assert len(table) == 8 * 9 * 12
    overall = _text(written, "table5_table6_recovery_sppe").split("## Overall")[1]
    lines = [line for line in overall.splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].strip() for line in lines[1:]] == [
        "copy-surrogate",
        "paste-source",
        "local-linear",
        "VISII",
        "EditTransfer",
        "Prompt-Diffusion",
        "Cross-Image Attention",
        "SOER",
        "C2E-S2SER",
    ]
    assert "– (18.60)" in overall and lines[-1].count("**") == 2 * 2 * 8


def test_inside_outside_tags_and_pairs(written):
    regions = _csv(written, "table_recovery_inside_outside").set_index(["metric", "method", "region"])
    expected = metric_rows(level=0.7)["psnr_gt_inside"].mean()
    assert regions.loc[("psnr_gt", "C2E-S2SER", "inside"), "value"] == pytest.approx(expected, rel=1e-4)
    assert set(regions.index.get_level_values(0)) == {
        f"{m}_{w}" for m in ("clip_sim", "ssim", "psnr") for w in ("src", "gt")
    }
    tags = _csv(written, "table_recovery_by_tag").set_index(["metric", "method", "tag"])
    assert tags.loc[("dir_i", "SOER", "EDIT"), "n"] == 36
    assert tags.loc[("dir_i", "SOER", "ADD/REMOVE"), "n"] == 0  # the synthetic rows have none
    paired = _csv(written, "table_recovery_paired").set_index(["metric", "method", "region"])
    row = paired.loc[("psnr_gt", "SOER", "all")]
    assert row["value"] == pytest.approx(4, abs=0.3) and row["p_value"] < 0.01 and row["effect"] == 1
    assert row["p_value"] <= row["p_corrected"] < 0.01
    assert row["published"] == pytest.approx(23.3774 - 22.7111)
    assert paired.loc[("psnr_gt", "copy-surrogate", "inside"), "value"] > 0
    assert "C2E-S2SER" not in paired.index.get_level_values("method")


def test_undefined_values_are_left_out_and_counted(run):
    table = metric_rows(level=0.7)
    table.loc[:3, "dir_i"] = float("nan")
    write_metrics(run, {"C2E-S2SER": table})
    write_tables(run)
    row = _csv(run, "table5_table6_recovery_sppe").set_index(["metric", "method", "group"])
    overall = row.loc[("dir_i", "C2E-S2SER", "Overall")]
    assert (overall["n"], overall["undefined"]) == (68, 4)
    assert overall["value"] == pytest.approx(table["dir_i"].mean(), rel=1e-4)
    assert row.loc[("dir_i", "C2E-S2SER", "Face"), "n"] == 0 and pd.isna(
        row.loc[("dir_i", "C2E-S2SER", "Face"), "value"]
    )
    assert "C2E-S2SER dir_i 4" in _text(run, "table5_table6_recovery_sppe")


def test_a_missing_group_and_a_missing_method_are_gaps(run):
    metrics_file(run, "SOER").unlink()
    write_metrics(
        run,
        {
            name: (rows := metric_rows(level=level))[rows["group"] != "Time"]
            for name, level in LEVELS.items()
            if name != "SOER"
        },
    )
    write_tables(run)
    table = _csv(run, "table5_table6_recovery_sppe").set_index(["metric", "method", "group"])
    assert table.loc[("psnr_gt", "C2E-S2SER", "Time"), "n"] == 0
    assert pd.isna(table.loc[("psnr_gt", "C2E-S2SER", "Time"), "value"])
    assert pd.isna(table.loc[("psnr_gt", "SOER", "Overall"), "value"])
    assert set(table.index.get_level_values(2)) == {*GROUPS, "Overall"}
    assert set(_csv(run, "table_recovery_paired")["method"]) == set(LEVELS) - {"SOER", "C2E-S2SER"}


def test_tables_of_a_run_that_has_only_a_benchmark(tmp_path, monkeypatch):
    profile = profile_in(tmp_path, monkeypatch, bootstrap=0)
    tiny.tiny_benchmark(profile.results / "benchmark", 1)
    write_tables(profile)
    assert _csv(profile, "table5_table6_recovery_sppe")["value"].isna().all()
    assert _csv(profile, "table4_editability")["srcc"].isna().all()
    assert "not run in this profile yet" in _text(profile, "table4_editability")


def test_tables_are_the_same_bytes_again(run):
    first = {path: path.read_bytes() for path in write_tables(run)}
    assert first == {path: path.read_bytes() for path in write_tables(run)}


def test_broken_metric_files_are_refused(run):
    write_metrics(run, {"SOER": metric_rows().drop(columns="ssim_gt")})
    with pytest.raises(DataError, match="SOER.csv lacks the column 'ssim_gt'"):
        read_metrics(run)
    write_metrics(run, {"SOER": metric_rows(pairs=3)})
    with pytest.raises(DataError, match="different instances"):
        read_metrics(run)


def test_cells():
    assert number(0.12345, 3) == "0.123" and number(float("nan"), 3) == number(None, 3) == "–"
    assert beside(0.7, 0.6, 2, (True, False)) == "**0.70** (0.60)"
    assert beside(None, 0.6, 2) == "– (0.60)" and beside(0.7, None, 2) == "0.70"
    assert best({"a": 1, "b": 2, "c": None, "d": float("nan")}) == {"b"} and best({"a": 1, "b": 2}, higher=False) == {
        "a"
    }
    assert best({"a": None}) == set()


def test_markup_is_escaped():
    assert latex_text("**5 %** of a_b & Î ↑") == r"\textbf{5 \%} of a\_b \& $\hat{I}$ $\uparrow$"
    cells = pd.DataFrame({"name": ["a|b"], "value": ["1.50"]})
    document = Document("x", "Title", [], [Section("", cells)], cells)
    assert r"a\|b" in markdown(document) and "1.50" in markdown(document) and "1.50" in latex(document)
