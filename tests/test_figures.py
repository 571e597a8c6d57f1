"""Figures are written, show something, say the same twice, and choose their rows by rule."""

import numpy as np
import pytest
import tiny
from evaluation_files import (
    METHODS,
    metric_rows,
    profile_in,
    recover_all,
    write_editability,
    write_levels,
    write_metrics,
)
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.data.schema import open_split
from sppe_lib.errors import DataError
from sppe_lib.evaluation import choosing, claims, sweep, tables
from sppe_lib.evaluation.figures import FIGURES, LARGEST_PNG, SWEEP_FIGURES, draw, save, write_figures
from sppe_lib.evaluation.ledger import ledger_table
from sppe_lib.evaluation.qualitative import FIGURE12_CHOICES, OVERVIEW_CHOICES, choose_rows
from sppe_lib.pictures import GAP, grid, panel


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        profile = profile_in(tmp_path_factory.mktemp("figures"), monkeypatch)
        tiny.tiny_benchmark(profile.results / "benchmark", {"train": 1, "val": 1, "test": 36})
        write_levels(profile, {"copy-surrogate": 0.5, "SOER": 0.6, "C2E-S2SER": 0.7})
        levels = {"nothing taken away": 0.5, "without I": 0.4, "with the oracle's tag": 0.52}
        write_levels(profile, {f"ablation/{name}": level for name, level in levels.items()}, "validation")
        write_editability(profile)
        recover_all(profile)
        yield profile


def test_every_figure_is_written_small_and_not_blank(run):
    figures = write_figures(run)
    assert set(figures) == set(FIGURES)
    for name in FIGURES:
        png, pdf = run.figures / f"{name}.png", run.figures / f"{name}.pdf"
        pixels = np.asarray(Image.open(png).convert("L"))
        assert png.stat().st_size < 400_000 and min(pixels.shape) > 600
        assert pixels.std() > 10 and (pixels < 250).mean() > 0.02
        assert pdf.read_bytes().startswith(b"%PDF") and b"CreationDate" not in pdf.read_bytes()


@pytest.mark.parametrize("name", ["figure10_editability_by_group", "figure_overview"])
def test_the_same_results_give_the_same_bytes(run, tmp_path, name):
    first = [path.read_bytes() for path in save(draw(run, name), tmp_path / "first", name)]
    assert first == [path.read_bytes() for path in save(draw(run, name), tmp_path / "second", name)]


def test_a_large_png_is_reduced_and_panels_grow_by_whole_pixels_and_keep_them_in_the_file(tmp_path):
    figure = Figure(figsize=(4, 4))
    noise = np.random.default_rng(0).random((600, 600, 3))
    figure.add_axes((0, 0, 1, 1)).imshow(noise, interpolation="nearest")
    png, _ = save(figure, tmp_path, "noise")
    assert Image.open(png).mode == "P" and LARGEST_PNG < 400_000
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    picture = Image.fromarray(pixels)
    figure = grid([[picture, picture]], ["one", "two"], [("do it", "category")], "headline", "foot", 64)
    shown = np.asarray(Image.open(save(figure, tmp_path, "grid")[0]))
    assert (shown[96 : 96 + 64, 250 : 250 + 64] == pixels).all()
    assert (shown[96 : 96 + 64, 250 + 64 + GAP : 250 + 2 * 64 + GAP] == pixels).all()
    image = Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3))
    grown = panel(image, 192)
    assert grown.shape == (192, 192, 3)
    assert (grown[::3, ::3] == np.asarray(image)).all() and (grown[1::3, 2::3] == np.asarray(image)).all()
    assert panel(Image.new("RGB", (512, 512)), 192).shape == (192, 192, 3)


def test_grids_show_each_role_once_and_every_method_and_the_ablations_both_regions(run):
    titles = " ".join(text.get_text() for text in draw(run, "figure12_qualitative").texts)
    shown = ("I: private image", "M: private region", "S: surrogate", "I': reference", *METHODS)
    assert not [word for word in (*shown, "SPPE-mini (simulated)", "not a score") if word not in titles]
    overview = [text.get_text() for text in draw(run, "figure_overview").texts]
    assert sum(text.startswith("“") for text in overview) == len(OVERVIEW_CHOICES)
    figure = draw(run, "figure_ablation")
    assert {"whole image", "inside M"} <= {line.get_label() for axis in figure.axes for line in axis.lines}
    points = [line for line in figure.axes[0].lines if line.get_label() in ("whole image", "inside M")]
    assert len(points) == 2 and all(line.get_xdata()[0] == pytest.approx(-4, abs=0.2) for line in points)


def test_rows_are_chosen_by_rule_and_unedited_ones_only_for_want_of_others(run):
    test = open_split(run.results / "benchmark", "test")
    rows = choose_rows(test, FIGURE12_CHOICES)
    groups = test["group"][:]
    assert [groups[row.Index] for row in rows] == [group for _, group, _ in FIGURE12_CHOICES]
    outcome, tag, category = test["source_outcome"][:], test["tag"][:], test["category"][:]
    for row, (_, value, wanted) in zip(choose_rows(test, OVERVIEW_CHOICES), OVERVIEW_CHOICES):
        assert category[row.Index] == value
        earlier = list(zip(category, outcome, tag))[: row.Index]
        assert (value, "done", wanted) not in earlier
    # The first pair (human face) is unchanged by its edits; the second (faces) is the group's first edited one.
    (row,) = choose_rows(test, (("group", "Face", "STYLE"),))
    assert outcome[row.Index] == "done" and test["category"][row.Index] == "faces"
    (row,) = choose_rows(test, (("category", "human face", "STYLE"),))
    assert outcome[row.Index] == "absent"
    assert choose_rows(test, (("category", "no such category", "STYLE"),)) == []


PARTS = {
    "nothing": (),
    "editability alone": ("editability",),
    "recovery of one group and one tag, without outcomes": ("recovery", "one group"),
    "one method": ("one method", "editability"),
    "the sweep set without recovery": ("editability", "sweep"),
    "unseen images and ablations alone": ("unseen", "validation"),
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_every_optional_part_can_be_absent(tmp_path, monkeypatch, parts):
    profile = profile_in(tmp_path, monkeypatch, bootstrap=0)
    rows = metric_rows()
    if "one group" in parts:
        rows = rows[(rows["group"] == "Face") & (rows["tag"] == "STYLE")].iloc[:4]
    tiny.tiny_benchmark(profile.results / "benchmark", 1, size=32)
    with pytest.raises(DataError, match="05_tables"):
        write_figures(profile)
    (profile.results / "metrics").mkdir()
    if "recovery" in parts or "one method" in parts:
        methods = ["local-linear"] if "one method" in parts else ["copy-surrogate", "SOER", "C2E-S2SER"]
        write_metrics(profile, dict.fromkeys(methods, rows))
    if "editability" in parts:
        write_editability(profile)
    if "sweep" in parts:
        tiny.tiny_sweep(profile.results / "sweep", 2, {0.5: 2}, size=32)
    if "unseen" in parts:
        write_metrics(profile, {"C2E-S2SER": rows}, "unseen")
        write_metrics(profile, {"ablation/base": rows}, "validation")
    sweep_tables = [make(profile) for make in (sweep.strength_table, sweep.refutation_table, choosing.chooser_table)]
    more = [*sweep_tables, ledger_table(profile)]
    written = tables.write_tables(profile) + tables.write_tables(profile, more, "more")
    claims.write_claims(profile)
    write_figures(profile, FIGURES | SWEEP_FIGURES)
    pages = {path.stem: path.read_text() for path in written if path.suffix == ".md"}
    assert "not run in this profile yet" in pages["table_refutation"]
    assert "editability" in parts or "not run in this profile yet" in pages["table4_editability"]
