"""The pipeline file, the notebooks and the library agree with each other."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from sppe_lib import recovery
from sppe_lib.config import load_profile
from sppe_lib.errors import ConfigError
from sppe_lib.tools.notebooks import main, run_notebook

REPOSITORY = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
PAGES = {"03b_search", "08_paper_data", "09_scale"}  # not run by the pipeline


def test_every_method_has_its_stages():
    stages = PIPELINE["stages"]
    trivial = re.search(r"method=([\w,-]+)", stages["trivial"]["cmd"])[1].split(",")
    assert [*trivial, *stages["recover"]["foreach"]] == list(recovery.METHODS)
    assert stages["trivial"]["outs"] == [f"results/${{profile}}/recovered/{name}" for name in trivial]
    assert stages["train"]["matrix"]["method"] == [name for name, method in recovery.METHODS.items() if method.fit]
    for name, item in stages["recover"]["foreach"].items():
        assert item["needs"] == (f"training/{name}" if recovery.METHODS[name].fit else "benchmark")
    read = stages["tables"]["deps"]
    assert {f"results/${{profile}}/recovered/{name}" for name in recovery.METHODS} <= set(read)


def test_every_stage_runs_a_notebook_that_exists_and_every_notebook_has_a_stage():
    run = set()
    for stage in PIPELINE["stages"].values():
        command = stage.get("do", stage)["cmd"]
        run.add(re.match(r"python -m sppe_lib.tools.notebooks (\S+)", command)[1])
    assert run == {path.stem for path in NOTEBOOKS} - PAGES


def test_stages_name_only_paths_and_parameters_that_exist():
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    for stage in PIPELINE["stages"].values():
        stage = stage.get("do", stage)
        for path in stage["deps"]:
            if not path.startswith(("results/", "figures/")):
                assert (REPOSITORY / path).exists(), path
        for parameter in stage.get("params", []):
            for profile in content["profiles"]:
                where = content
                for key in parameter.replace("${profile}", profile).split("."):
                    where = where[key]


def test_training_depends_on_its_own_parameters_and_not_on_those_of_sampling():
    watched = [name for name in PIPELINE["stages"]["train"]["params"] if ".recovery" in name]
    assert watched == ["profiles.${profile}.recovery.training"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_thin_clean_and_parameterised(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    for cell in code:
        assert len(cell.source.splitlines()) <= 15, "logic longer than a few lines belongs in the library"
        if "NBVAL_CHECK_OUTPUT" not in cell.source:
            assert not cell.outputs, "outputs are results; they are not committed"
    assert notebook.cells[0].cell_type == "markdown"


@pytest.mark.parametrize("profile", ["smoke", "mini", "paper", "release"])
def test_every_profile_is_valid(profile):
    assert load_profile(profile).name == profile


def test_unknown_notebook_and_parameter_are_refused(capsys, monkeypatch):
    with pytest.raises(ConfigError, match="04_recover"):
        run_notebook("99_nothing")
    with pytest.raises(ConfigError, match="'colour'.*method"):
        run_notebook("04_recover", colour="red")
    monkeypatch.setattr("sys.argv", ["notebooks", "04_recover", "profile=huge"])
    assert main() == 2
    assert "Unknown profile 'huge'" in capsys.readouterr().err


def test_a_stage_of_another_profile_than_the_pipelines_is_refused(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "benchmark")
    monkeypatch.setenv("SPPE_PROFILE", "release")
    with pytest.raises(ConfigError, match="SPPE_PROFILE is release, but the pipeline is that of .*PROFILE=release"):
        run_notebook("01_benchmark")


def test_no_absolute_path_and_no_host_of_a_registry_in_tracked_text():
    import subprocess

    names = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    bad = []
    for name in names:
        path = REPOSITORY / name
        if (
            path.suffix in {".py", ".yaml", ".yml", ".toml", ".md", ".ipynb", ".lock", ".json", ".csv", ".tex"}
            and path.is_file()
        ):
            text = path.read_text(encoding="utf-8")
            if re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w", text) or re.search(
                r"pythonhosted|pypi\.org/simple", text
            ):
                bad.append(name)
    assert not [name for name in bad if name != "tests/test_pipeline.py"]


def test_pages_that_only_read_results_import_no_model_library():
    pages = (
        "sppe_lib.evaluation.tables, sppe_lib.evaluation.figures, sppe_lib.evaluation.ledger, sppe_lib.recovery.plots"
    )
    code = f"import sys, {pages}; print(*sorted({{'diffusers', 'transformers', 'peft'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
