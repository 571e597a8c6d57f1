"""Table 7, Table 8 and the spread over seeds: right numbers, the paper beside them, gaps shown as gaps."""

import numpy as np
import pandas as pd
import pytest
from evaluation_files import metric_rows, profile_in, write_metrics

from sppe_lib.evaluation.ablation_tables import ablation_data, ablation_table, draw_ablation
from sppe_lib.evaluation.generalisation_tables import generalisation_table
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.rendering import latex, markdown
from sppe_lib.evaluation.results import read_repetitions
from sppe_lib.evaluation.seed_tables import DIFFERENCE, seed_table
from sppe_lib.recovery import ablation_rows

PUBLISHED_ABLATION = {"base": 20.3887, "base + cycle": 21.2121, "base + cycle + edit tag": 23.3774}


@pytest.fixture
def profile(tmp_path, monkeypatch):
    return profile_in(tmp_path, monkeypatch)


def _whole_image(table: pd.DataFrame) -> pd.DataFrame:
    """A metrics file of instances whose M is the whole image: nothing is defined outside it."""
    outside = [name for name in table.columns if name.endswith("_outside")]
    return table.assign(**dict.fromkeys(outside, np.nan))


def _write_ablations(profile, levels: dict[str, float]) -> None:
    write_metrics(
        profile, {f"ablation/{label}": metric_rows(level=level) for label, level in levels.items()}, "validation"
    )


def test_table_7_stands_beside_the_papers_without_visii(profile):
    levels = {"copy-surrogate": 0.5, "SOER": 0.6, "C2E-S2SER": 0.7}
    write_metrics(profile, {name: _whole_image(metric_rows(level=level)) for name, level in levels.items()}, "unseen")
    document = generalisation_table(profile)
    assert list(document.data.columns) == ["metric", "method", "value", "n", "published", "low", "high", "undefined"]
    table = document.data.set_index(["metric", "method"])
    row = table.loc[("psnr_gt", "C2E-S2SER")]
    assert row["value"] == pytest.approx(metric_rows(level=0.7)["psnr_gt"].mean()) and row["published"] == 18.16
    assert row["low"] < row["value"] < row["high"] and (row["n"], row["undefined"]) == (72, 0)
    assert pd.isna(table.loc[("psnr_gt", "copy-surrogate"), "published"])
    assert pd.isna(table.loc[("dir_i", "EditTransfer"), "value"])
    assert len(table) == 8 * 8  # the three trivial baselines and the paper's five
    text = markdown(document)
    assert not [line for line in text.splitlines() if line.startswith("| VISII")]
    assert "VISII has no row" in text and "simulated" in text and "72 instances of 36 pairs" in text
    assert "– (0.3446)" in text


def test_table_7_reads_the_unseen_run_only(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6)})
    data = generalisation_table(profile).data
    assert data["value"].isna().all() and data["published"].notna().sum() == 5 * 8
    assert "no instances yet" in markdown(generalisation_table(profile))


def test_table_8_takes_differences_to_the_row_that_each_is_compared_with(profile):
    labels = {row.label for row in ablation_rows.ROWS}
    levels = dict.fromkeys(labels, 0.5) | {
        "base": 0.40, "base + cycle": 0.45, "base + cycle + edit tag": 0.50,
        "8/6 of the steps": 0.47, "without I": 0.3, "with the oracle's tag": 0.55,
    }  # fmt: skip
    _write_ablations(profile, levels)
    data = ablation_data(profile)
    whole = data[(data["metric"] == "psnr_gt") & (data["region"] == "all")].set_index(["group", "variant"])
    assert whole.loc[("module", "base + cycle"), "difference"] == pytest.approx(40 * 0.05, abs=0.2)
    assert whole.loc[("module", "base + cycle + edit tag"), "difference"] == pytest.approx(40 * 0.05, abs=0.2)
    assert whole.loc[("iteration", "8/6 of the steps"), "difference"] == pytest.approx(-40 * 0.03, abs=0.2)
    assert whole.loc[("input", "without I"), "difference"] == pytest.approx(-40 * 0.2, abs=0.2)
    assert (
        whole.loc[("input", "without I"), "effect"] == -1
        and whole.loc[("input", "with the oracle's tag"), "effect"] == 1
    )
    assert (
        whole.loc[("input", "without I"), "difference_high"]
        < 0
        < whole.loc[("input", "with the oracle's tag"), "difference_low"]
    )
    assert pd.isna(whole.loc[("module", "base"), "difference"]) and pd.isna(
        whole.loc[("input", "nothing taken away"), "difference"]
    )
    assert set(whole.loc["input"].index) == {row.label for row in ablation_rows.INPUTS}
    inside = data[(data["metric"] == "psnr_gt") & (data["region"] == "inside")].set_index("variant")
    assert inside.loc["without I", "difference_high"] < 0 and pd.isna(inside.loc["base", "published"])


def test_table_8_has_the_papers_numbers_and_the_chosen_length_is_the_full_model(profile):
    _write_ablations(profile, {"base + cycle + edit tag": 0.5})
    document = ablation_table(profile)
    whole = document.data[document.data["region"] == "all"].set_index(["metric", "group", "variant"]).sort_index()
    for variant, value in PUBLISHED_ABLATION.items():
        assert whole.loc[("psnr_gt", "module", variant), "published"] == value
    lengths = document.data[(document.data["group"] == "iteration") & (document.data["metric"] == "dir_i")]
    assert lengths["published"].tolist() == [0.6848, 0.7411, 0.7166, 0.6813]  # 5000, 6000, 7000, 8000 steps
    chosen = whole.loc[("psnr_gt", "iteration", "all of the steps")]
    assert chosen["value"] == whole.loc[("psnr_gt", "module", "base + cycle + edit tag"), "value"]
    step = whole.loc[("psnr_gt", "module", "base + cycle + edit tag")]
    assert step["difference_published"] == pytest.approx(23.3774 - 21.2121) and pd.isna(step["difference"])
    text = markdown(document)
    for words in (
        "validation split",
        "constant learning rate",
        "without training it anew",
        "simulated",
        "– (20.39)",
        "– (0.022)",
    ):
        assert words in text
    assert latex(document).count(r"\begin{tabular}") == 7


def test_the_figure_shows_both_regions_or_says_that_nothing_ran(profile):
    empty = draw_ablation(profile)
    assert any("not run" in text.get_text() for axis in empty.axes for text in axis.texts)
    _write_ablations(profile, {"nothing taken away": 0.5, "without I": 0.4})
    figure = draw_ablation(profile)
    shown = {line.get_label() for axis in figure.axes for line in axis.lines}
    assert {"whole image", "inside M"} <= shown
    points = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert all(value[0] == pytest.approx(-4, abs=0.2) for value in points.values()) and len(points) == 2


def test_seeds_have_mean_deviation_and_extremes_and_only_trained_methods(profile):
    write_metrics(
        profile,
        {
            "copy-surrogate": metric_rows(level=0.5),
            "SOER": metric_rows(level=0.60),
            "C2E-S2SER": metric_rows(level=0.70),
        },
    )
    write_metrics(profile, {"SOER": metric_rows(level=0.62), "C2E-S2SER": metric_rows(level=0.66)}, "benchmark-seed1")
    worse = metric_rows(level=0.65).assign(dir_s=0.1)
    write_metrics(profile, {"SOER": metric_rows(level=0.64), "C2E-S2SER": worse}, "benchmark-seed2")
    assert list(read_repetitions(profile)) == [0, 1, 2]
    document = seed_table(profile)
    table = document.data.set_index(["metric", "method"])
    means = [metric_rows(level=level)["psnr_gt"].mean() for level in (0.70, 0.66, 0.65)]
    row = table.loc[("psnr_gt", "C2E-S2SER")]
    assert (row["value"], row["sd"]) == pytest.approx((np.mean(means), np.std(means, ddof=1)))
    assert (row["lowest"], row["highest"], row["n"]) == pytest.approx((min(means), max(means), 3))
    assert row["published"] == 23.3774
    assert table.loc[("psnr_gt", DIFFERENCE), "above"] == 3 and table.loc[("dir_s", DIFFERENCE), "above"] == 2
    assert table.loc[("psnr_gt", DIFFERENCE), "published"] == pytest.approx(23.3774 - 22.7111)
    assert "copy-surrogate" not in document.data["method"].values
    assert "2 of 3" in markdown(document) and "3 seeds;" in markdown(document)


def test_one_seed_says_so_and_claims_no_spread(profile):
    assert "not run in this profile yet" in markdown(seed_table(profile))
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.7)})
    document = seed_table(profile)
    assert (
        "One seed only" in markdown(document)
        and "±" not in markdown(document).split("## Trained methods")[1].split("Mean over")[0]
    )
    assert document.data["sd"].isna().all() and set(document.data["n"]) == {1}
    assert set(document.data["metric"]) == set(METRIC_NAMES)


def test_a_seed_that_only_one_method_has_is_not_compared(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.7)})
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.7)}, "benchmark-seed1")
    table = seed_table(profile).data.set_index(["metric", "method"])
    assert table.loc[("ssim_gt", "C2E-S2SER"), "n"] == 2
    assert table.loc[("ssim_gt", "SOER"), "n"] == table.loc[("ssim_gt", DIFFERENCE), "n"] == 1
