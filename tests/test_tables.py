"""Tables from synthetic result files: right numbers, the paper beside them, gaps shown as gaps."""

import numpy as np
import pandas as pd
import pytest
import tiny
from evaluation_files import LEVELS, METHODS, metric_rows, profile_in, write_editability, write_levels, write_metrics

from sppe_lib.data.taxonomy import GROUPS
from sppe_lib.errors import DataError
from sppe_lib.evaluation import recovery_tables, rendering, tables
from sppe_lib.evaluation.ablation import ablation_table
from sppe_lib.evaluation.frame import read_frame, select
from sppe_lib.evaluation.measure import evaluate_all, metrics_file
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.rendering import Document, Section, beside, best, latex, markdown, number, read_yaml
from sppe_lib.published import read_published
from sppe_lib.recovery.ablation_rows import INPUTS, PREFIX, ROWS


def _fill(profile) -> None:
    tiny.tiny_benchmark(profile.results / "benchmark", {"train": 36, "val": 1, "test": 2}, size=32)
    write_levels(profile)
    write_editability(profile)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run whose tables are written, intervals and all; for tests that only read."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        profile = profile_in(tmp_path_factory.mktemp("tables"), monkeypatch)
        _fill(profile)
        tables.write_tables(profile)
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
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".tex":
            assert text.count(r"\begin{tabular}") == text.count(r"\toprule") == text.count(r"\bottomrule")
            assert text.count("{") == text.count("}")
        assert path.suffix != ".md" or "SPPE-mini (simulated)" in text
    for name in read_yaml("tables.yaml"):
        if (written.figures / "tables" / f"{name}.md").is_file():
            assert "{" not in _text(written, name)


def test_tables_1_and_2_have_the_papers_rows_and_ours(written):
    table = _csv(written, "table1_datasets").set_index("dataset")
    assert table.loc["SPPE", ["scale", "published"]].tolist() == [55_696, 55_696]
    assert table.loc["SPPE-mini (simulated)", "n"] == 2 * (36 + 1 + 2)
    assert pd.isna(table.loc["SPPE-mini (simulated)", "published"])
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
    lines = [line for line in _text(written, "table4_editability").splitlines() if "|" in line]
    rows = {line.split("|")[1].strip(): line for line in lines}
    assert "– (0.5843)" in rows["DISTS"] and "weights not available" in rows["DISTS"]
    assert "not run in this profile yet" in rows["AHIQ"]
    assert rows["ERMA"].count("**") == 8 and list(rows)[-1] == "ERMA"  # ours and the paper's are best on both


def test_tables_5_and_6_by_group_region_tag_and_pair_put_the_paper_beside_and_the_trivial_rows_in(written):
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
    assert pd.isna(table.loc[("psnr_gt", "copy-surrogate", "Overall"), "published"]) and len(table) == 8 * 9 * 12
    overall = _text(written, "table5_table6_recovery_sppe").split("## Overall")[1]
    lines = [line for line in overall.splitlines() if line.startswith("| ")]
    rivals = ["VISII", "EditTransfer", "Prompt-Diffusion", "Cross-Image Attention"]
    names = [line.split("|")[1].strip() for line in lines[1:]]
    assert names == [*METHODS[:3], *rivals, "SOER", "C2E-S2SER"]
    assert "– (18.60)" in overall and lines[-1].count("**") == 2 * 2 * 8
    regions = _csv(written, "table_recovery_inside_outside").set_index(["metric", "method", "region"])
    expected = metric_rows(level=0.7)["psnr_gt_inside"].mean()
    assert regions.loc[("psnr_gt", "C2E-S2SER", "inside"), "value"] == pytest.approx(expected, rel=1e-4)
    assert set(regions.index.get_level_values(0)) == set(METRIC_NAMES) - {"dir_i", "dir_s"}
    tags = _csv(written, "table_recovery_by_tag").set_index(["metric", "method", "tag"])
    assert tags.loc[("dir_i", "SOER", "EDIT"), "n"] == 36
    assert tags.loc[("dir_i", "SOER", "ADD/REMOVE"), "n"] == 0  # the synthetic rows have none
    paired = _csv(written, "table_recovery_paired").set_index(["metric", "method", "region"])
    row = paired.loc[("psnr_gt", "SOER", "all")]
    assert row["value"] == pytest.approx(4, abs=0.3) and row["effect"] == 1
    assert row["p_value"] <= row["p_corrected"] < 0.01 and row["published"] == pytest.approx(23.3774 - 22.7111)
    assert paired.loc[("psnr_gt", "copy-surrogate", "inside"), "value"] > 0
    assert "C2E-S2SER" not in paired.index.get_level_values("method")


def test_floors_come_first_ceilings_last_and_neither_is_best(profile):
    write_levels(profile, LEVELS | {"oracle-words": 0.9, "frozen": 0.8})
    for make in (recovery_tables.recovery_table, recovery_tables.kept_outside_table):
        cells = make(profile).sections[0].cells
        names = list(cells["method"])
        assert names[:2] == ["frozen", "copy-surrogate"] and names[-1] == "oracle-words"  # the other oracle did not run
        ours = cells.set_index("method").map(lambda cell: cell.split(" (")[0])
        assert set(ours.loc["C2E-S2SER"].str[:2]) == {"**"}
        assert not ours.drop("C2E-S2SER").map(lambda cell: "**" in cell).any(axis=None)


def test_the_second_table_reads_what_was_kept_outside_and_undefined_values_are_counted(run):
    rows = metric_rows(level=0.7).assign(psnr_gt_kept=33.0)
    write_metrics(run, {"C2E-S2SER": rows})
    data = recovery_tables.kept_outside_table(run).data.set_index(["metric", "method"])
    assert data.loc[("psnr_gt", "C2E-S2SER"), "value"] == pytest.approx(33)
    assert recovery_tables.recovery_table(run).data.query("method == 'C2E-S2SER'")["value"].max() < 33
    rows = metric_rows(level=0.7)
    rows.loc[:3, "dir_i"] = float("nan")
    write_metrics(run, {"C2E-S2SER": rows})
    document = recovery_tables.recovery_table(run)
    found = document.data.set_index(["metric", "method", "group"])
    overall = found.loc[("dir_i", "C2E-S2SER", "Overall")]
    assert (overall["n"], overall["undefined"]) == (68, 4)
    assert overall["value"] == pytest.approx(rows["dir_i"].mean(), rel=1e-4)
    face = found.loc[("dir_i", "C2E-S2SER", "Face")]
    assert face["n"] == 0 and pd.isna(face["value"]) and "C2E-S2SER dir_i 4" in markdown(document)


def test_a_missing_group_and_a_missing_method_are_gaps(run):
    metrics_file(run, "SOER").unlink()
    kept = {name: metric_rows(level=level).query("group != 'Time'") for name, level in LEVELS.items() if name != "SOER"}
    write_metrics(run, kept)
    data = recovery_tables.recovery_table(run).data.set_index(["metric", "method", "group"])
    time = data.loc[("psnr_gt", "C2E-S2SER", "Time")]
    assert time["n"] == 0 and pd.isna(time["value"]) and pd.isna(data.loc[("psnr_gt", "SOER", "Overall"), "value"])
    assert set(data.index.get_level_values(2)) == {*GROUPS, "Overall"}
    assert set(recovery_tables.paired_data(run)["method"]) == set(LEVELS) - {"SOER", "C2E-S2SER"}


def test_tables_of_a_run_that_has_only_a_benchmark(profile):
    tiny.tiny_benchmark(profile.results / "benchmark", 1)
    with pytest.raises(DataError, match="05_tables"):  # pages of a finished run are not replaced by empty ones
        tables.write_tables(profile)
    assert not profile.figures.exists() and evaluate_all(profile) == {}
    tables.write_tables(profile)
    assert _csv(profile, "table5_table6_recovery_sppe")["value"].isna().all()
    assert _csv(profile, "table4_editability")["srcc"].isna().all()
    for name in ("table4_editability", "table_recovery_seeds", "table_gate"):
        assert "not run in this profile yet" in _text(profile, name)


def test_tables_are_the_same_bytes_again(run):
    first = {path: path.read_bytes() for path in tables.write_tables(run)}
    assert first == {path: path.read_bytes() for path in tables.write_tables(run)}


def test_what_a_killed_run_left_is_no_method_and_broken_metric_files_are_refused(run):
    before = read_frame(run)
    for name in (".SOER.csv.x1/SOER.csv", "SOER/.SOER.csv.x1/SOER.csv", ".C2E-S2SER.csv"):
        stray = run.results / "metrics" / "benchmark" / name
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_text("cut sh")
    pd.testing.assert_frame_equal(read_frame(run), before)
    for rows, message in (
        (metric_rows().drop(columns="ssim_gt"), "SOER.csv lacks the column 'ssim_gt'"),
        (metric_rows(pairs=3), "different instances"),
    ):
        write_metrics(run, {"SOER": rows})
        with pytest.raises(DataError, match=message):
            read_frame(run)


def test_results_in_a_folder_named_like_a_pattern_are_read_as_they_are(tmp_path, monkeypatch):
    """Beside each stands the folder that its name would match as a pattern."""
    for level, name in enumerate(("run1", "run[1]", "ab", "a*b", "acb", "a?b")):
        profile = profile_in(tmp_path / name, monkeypatch, bootstrap=0)
        write_metrics(profile, {"SOER": metric_rows(level=0.1 * level)})
        found = select(read_frame(profile), metric="ssim_gt", region="all")["value"].mean()
        assert found == pytest.approx(0.1 * level, abs=0.01)


def test_cells_and_what_markdown_and_latex_escape():
    assert number(0.12345, 3) == "0.123" and number(float("nan"), 3) == number(None, 3) == "–"
    assert beside(0.7, 0.6, 2, (True, False)) == "**0.70** (0.60)"
    assert beside(None, 0.6, 2) == "– (0.60)" and beside(0.7, None, 2) == "0.70"
    assert best({"a": 1, "b": 2, "c": None, "d": float("nan")}) == {"b"} and best({}) == set()
    data = {"method": list("abab"), "metric": ["psnr_gt"] * 2 + ["dir_i"] * 2, "value": [1, 2, 0.5, np.nan]}
    cells = rendering.table(pd.DataFrame(data), "method", "metric")
    assert cells.values.tolist() == [["a", "1.00", "**0.5000**"], ["b", "**2.00**", "–"]]
    cells = pd.DataFrame({"a | b": ["x | y"], "under_score": ["**50 %** `code`"]})
    document = Document("name", "Title & more", ["A [link](https://x) note."], [Section("Part", cells)], cells)
    assert r"x \| y" in markdown(document) and "## Part" in markdown(document)
    text = latex(document)
    assert r"under\_score" in text and r"\textbf{50 \%} \texttt{code}" in text and "A link note." in text
    assert rendering.latex_text("S' ≥ Î") == r"S' $\geq$ $\hat{I}$"


def test_table_7_leaves_out_what_the_paper_leaves_out_and_reads_its_own_run(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6)})  # another run than its own
    document = recovery_tables.unseen_table(profile)
    assert document.data["value"].isna().all() and document.data["published"].notna().sum() == 5 * 8
    assert "no instances yet" in markdown(document)
    write_levels(profile, LEVELS, "unseen")
    document = recovery_tables.unseen_table(profile)
    data = document.data.set_index(["metric", "method"])
    assert "VISII" not in document.data["method"].values and "VISII has no row" in markdown(document)
    expected = metric_rows(level=0.6)["psnr_gt"].mean()
    assert data.loc[("psnr_gt", "SOER"), "value"] == pytest.approx(expected, rel=1e-6)
    assert data["published"].notna().sum() == 5 * 8 and "72 instances of 36 pairs" in markdown(document)


def _write_ablations(profile, levels: dict[str, float]) -> None:
    write_levels(profile, {f"{PREFIX}{name}": level for name, level in levels.items()}, "validation")


def test_table_8_takes_differences_to_the_row_that_each_is_compared_with(profile):
    levels = dict.fromkeys({row.label for row in ROWS}, 0.5) | {
        "base": 0.40, "base + cycle": 0.45, "8/6 of the steps": 0.47, "without I": 0.3, "with the oracle's tag": 0.55,
    }  # fmt: skip
    _write_ablations(profile, levels)
    document = ablation_table(profile)
    psnr = document.data[document.data["metric"] == "psnr_gt"].set_index(["region", "group", "variant"])
    whole, inside = psnr.loc["all"], psnr.loc["inside"]
    for (group, variant), difference in {
        ("module", "base + cycle"): 0.05, ("module", "base + cycle + edit tag"): 0.05,
        ("iteration", "8/6 of the steps"): -0.03, ("input", "without I"): -0.2,
    }.items():  # fmt: skip
        assert whole.loc[(group, variant), "difference"] == pytest.approx(40 * difference, abs=0.2)
    worse, better = whole.loc[("input", "without I")], whole.loc[("input", "with the oracle's tag")]
    assert (worse["effect"], better["effect"]) == (-1, 1) and worse["difference_high"] < 0 < better["difference_low"]
    assert whole.loc[[("module", "base"), ("input", "nothing taken away")], "difference"].isna().all()
    assert set(whole.loc["input"].index) == {row.label for row in INPUTS}
    assert inside.loc[("input", "without I"), "difference_high"] < 0 and inside["published"].isna().all()
    chosen = whole.loc[("iteration", "all of the steps"), "value"]
    assert chosen == whole.loc[("module", "base + cycle + edit tag"), "value"]


def test_table_8_has_the_papers_numbers(profile):
    _write_ablations(profile, {"base + cycle + edit tag": 0.5})
    document = ablation_table(profile)
    lengths = document.data[(document.data["group"] == "iteration") & (document.data["metric"] == "dir_i")]
    assert lengths["published"].tolist() == [0.6848, 0.7411, 0.7166, 0.6813]  # 5000, 6000, 7000, 8000 steps
    whole = document.data[document.data["region"] == "all"].set_index(["metric", "group", "variant"])
    step = whole.loc[("psnr_gt", "module", "base + cycle + edit tag")]
    assert step["difference_published"] == pytest.approx(23.3774 - 21.2121) and pd.isna(step["difference"])
    assert "– (20.39)" in markdown(document) and "– (0.022)" in markdown(document)
    assert latex(document).count(r"\begin{tabular}") == 7


def test_seeds_have_mean_deviation_and_extremes_and_only_trained_methods(profile):
    write_levels(profile, {"copy-surrogate": 0.5, "SOER": 0.60, "C2E-S2SER": 0.70})
    write_levels(profile, {"SOER": 0.62, "C2E-S2SER": 0.66}, "benchmark-seed1")
    worse = metric_rows(level=0.65).assign(dir_s=0.1)
    write_metrics(profile, {"SOER": metric_rows(level=0.64), "C2E-S2SER": worse}, "benchmark-seed2")
    document = recovery_tables.seed_table(profile)
    data = document.data.set_index(["metric", "method"])
    means = [metric_rows(level=level)["psnr_gt"].mean() for level in (0.70, 0.66, 0.65)]
    row = data.loc[("psnr_gt", "C2E-S2SER")]
    assert (row["value"], row["sd"]) == pytest.approx((np.mean(means), np.std(means, ddof=1)))
    assert (row["lowest"], row["highest"], row["n"]) == pytest.approx((min(means), max(means), 3))
    assert row["published"] == 23.3774
    assert data.loc[("psnr_gt", recovery_tables.DIFFERENCE), "above"] == 3
    assert data.loc[("dir_s", recovery_tables.DIFFERENCE), "above"] == 2
    assert data.loc[("psnr_gt", recovery_tables.DIFFERENCE), "published"] == pytest.approx(23.3774 - 22.7111)
    assert "copy-surrogate" not in document.data["method"].values
    assert "2 of 3" in markdown(document) and "3 seeds;" in markdown(document)


def test_one_seed_says_so_and_a_seed_that_one_method_lacks_is_not_compared(profile):
    write_levels(profile, {"SOER": 0.6, "C2E-S2SER": 0.7})
    document = recovery_tables.seed_table(profile)
    assert "One seed only" in markdown(document) and "±" not in "".join(document.sections[0].cells.iloc[0])
    assert document.data["sd"].isna().all() and set(document.data["n"]) == {1}
    write_levels(profile, {"C2E-S2SER": 0.7}, "benchmark-seed1")
    data = recovery_tables.seed_table(profile).data.set_index(["metric", "method"])
    assert data.loc[("ssim_gt", "C2E-S2SER"), "n"] == 2
    assert data.loc[("ssim_gt", "SOER"), "n"] == data.loc[("ssim_gt", recovery_tables.DIFFERENCE), "n"] == 1


def test_other_averages_stand_beside_the_mean(profile):
    rows = metric_rows(pairs=5, level=0.5)
    rows["group"] = ["Face"] * 8 + ["Time"] * 2
    rows["psnr_gt"] = [10.0] * 8 + [20.0] * 2
    write_metrics(profile, {"SOER": rows})
    data = recovery_tables.averages_table(profile).data
    found = data[(data["metric"] == "psnr_gt") & (data["region"] == "all")].set_index("average")["value"]
    assert found["mean"] == pytest.approx(12) and found["median"] == 10
    assert found["macro average over groups"] == pytest.approx(15)
    assert found["macro average over tags"] == pytest.approx(12)
    assert found["pooled"] == pytest.approx(-10 * np.log10(0.8 * 0.1 + 0.2 * 0.01))
    assert set(data.loc[data["average"] == "pooled", "metric"]) == {"psnr_src", "psnr_gt"}
