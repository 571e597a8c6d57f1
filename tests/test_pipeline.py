"""The pipeline file, the notebooks and the library agree; a stage runs in its own clone; notebooks tell the story."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from jupyter_client.kernelspec import NoSuchKernel
from latex2mathml.converter import convert

from sppe_lib import recovery
from sppe_lib.config import load_profile
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation.figures import FIGURES, SWEEP_FIGURES
from sppe_lib.tools import notebooks
from sppe_lib.tools.notebooks import check_inputs, main, run_notebook, stage_of

REPOSITORY = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
METHODS = {name: names for entry in PIPELINE["vars"] for name, names in entry.items()}
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
PAGES = {"03b_search", "08_paper_data", "09_scale", "11_your_photo"}  # not run by the pipeline


def test_every_method_has_its_stages():
    stages = PIPELINE["stages"]
    ends = stages["floors_and_ceilings"]
    trivial = ends["cmd"].rpartition("method=")[2].strip().split(",")
    assert ends["outs"] == [f"results/${{profile}}/recovered/{name}" for name in trivial]
    assert METHODS["trained"] == list(recovery.TRAINED)
    assert sorted([*trivial, *METHODS["trained"], *METHODS["untrained"]]) == sorted(recovery.METHODS)
    for name in recovery.METHODS:
        [out] = [out for out in stage_of("04_recover", name)["outs"] if name in out or "${item.method}" in out]
        assert out.replace("${item.method}", name) == f"results/${{profile}}/recovered/{name}"


def test_every_stage_runs_a_notebook_that_exists_and_every_notebook_has_a_stage():
    commands = [stage["cmd"] for name, stage in PIPELINE["stages"].items() if name != "source"]
    run = {re.match(r"python -m sppe_lib.tools.notebooks (\S+)", command)[1] for command in commands}
    assert run == {path.stem for path in NOTEBOOKS} - PAGES
    watched = [name for name in PIPELINE["stages"]["train"]["params"] if ".recovery" in name]
    assert watched == ["profiles.${profile}.recovery.training"]


@pytest.mark.parametrize("name", PIPELINE["stages"])
def test_stages_name_only_paths_and_parameters_that_exist(name):
    stage, content = PIPELINE["stages"][name], yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    for path in stage.get("deps", []):
        assert path.startswith(("results/", "figures/")) or (REPOSITORY / path).exists(), path
    for parameter in stage.get("params", []):
        for profile in content["profiles"]:
            where = content
            for key in parameter.replace("${profile}", profile).split("."):
                where = where[key]


def sources(path: Path, kind: str) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_thin_and_clean_open_with_four_lines_and_end_with_the_next_one(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    [parameters] = [cell.source for cell in code if "parameters" in cell.metadata.get("tags", [])]
    names = re.findall(r"^(\w+) =", parameters, re.M)
    for cell in code:
        assert len(cell.source.splitlines()) <= 15, "logic longer than a few lines belongs in the library"
        if cell.source != parameters:  # a cell that changed a parameter would find the change when it is run again
            assert not re.search(rf"^({'|'.join(names)}) =", cell.source, re.M)
        if "NBVAL_CHECK_OUTPUT" not in cell.source:
            assert not cell.outputs, "outputs are results; they are not committed"
    first, *_, last = texts = sources(path, "markdown")
    assert notebook.cells[0].source == first and first.startswith(f"# {path.stem.partition('_')[0]} · ")
    assert re.findall(r"^- \*\*(\w+):\*\* \S", first, re.M) == ["Question", "Needs", "Writes", "Minutes"]
    [following, *_] = re.findall(r"\]\((\w+\.ipynb)\)", last)
    assert "Next:" in last and (path.parent / following).is_file() and following != path.name
    for equation in re.findall(r"\$\$(.+?)\$\$", "\n".join(texts), re.S):
        assert "\\" not in convert(equation, display="block"), f"the pages cannot show {equation}"


def test_every_figure_and_table_is_shown_once():
    code = "\n".join(source for path in NOTEBOOKS for source in sources(path, "code"))
    assert not [name for name in FIGURES | SWEEP_FIGURES if code.count(f'show(settings, "{name}")') != 1]
    for notebook, folder in (("05_tables", "tables"), ("07_sweep", "sweep_tables")):
        code = "\n".join(sources(REPOSITORY / "notebooks" / f"{notebook}.ipynb", "code"))
        shown = re.findall(r'documents\["(\w+)"\]', code)
        written = {path.stem for path in (REPOSITORY / "figures" / "mini" / folder).glob("*.md")}
        assert len(shown) == len(set(shown)) and written <= set(shown)


def test_what_is_not_there_is_refused_before_anything_is_written(capsys, results, tmp_path):
    with pytest.raises(ConfigError, match="04_recover"):
        run_notebook("99_nothing")
    with pytest.raises(ConfigError, match=r"'colour'.*method"):
        run_notebook("04_recover", colour="red")
    for arguments in (["04_recover", "profile=huge"], ["10_ledger", "profile=smoke"], ["04_recover", "SOER"], []):
        assert main(arguments) == 2 and capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem not in PAGES], ids=lambda path: path.stem)
def test_a_stage_without_its_inputs_names_the_first(results, tmp_path, path):
    profile, method = load_profile("smoke"), "SOER" if "re" in path.stem else ""
    needed = [name for name in stage_of(path.stem, method)["deps"] if "${profile}" in name]
    for name in needed:
        name = name.replace("${profile}", "smoke").replace("${item.method}", method)
        with pytest.raises(DataError, match=re.escape(name)):
            check_inputs(path.stem, profile, method)
        (tmp_path / name).mkdir(parents=True)
    check_inputs(path.stem, profile, method)


def test_a_pipeline_whose_outputs_would_be_elsewhere_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DVC_STAGE", "benchmark")
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path))
    with pytest.raises(ConfigError, match="SPPE_RESULTS"):
        run_notebook("01_benchmark", profile="smoke")
    monkeypatch.setenv("SPPE_RESULTS", str(REPOSITORY / "notebooks" / ".." / "results"))  # the same by another name
    monkeypatch.setattr(notebooks, "check_inputs", lambda *arguments: (_ for _ in ()).throw(DataError("passed")))
    with pytest.raises(DataError, match="passed"):
        run_notebook("01_benchmark", profile="smoke")


def clone(folder: Path) -> Path:
    """A second clone, with a notebook that tells whose code and folder it has."""
    without = shutil.ignore_patterns("weights", "__pycache__")
    shutil.copytree(REPOSITORY / "sppe_lib", folder / "sppe_lib", ignore=without)
    (folder / "notebooks").mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    code = "import sppe_lib\nfrom sppe_lib.config import load_profile\nprint(sppe_lib.__file__, load_profile().results)"
    cells = [nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(code)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / "notebooks" / "probe.ipynb")
    return folder


@pytest.mark.parametrize("left", ["PYTHONPATH", "SPPE_HOME", "DVC_ROOT", "a relative SPPE_HOME"])
def test_a_stage_runs_its_own_clones_code_whatever_is_left_in_the_environment(tmp_path, left):
    folder = clone(tmp_path / "thesis final [v2] it's 100%")
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SPPE_HOME")}
    if left == "DVC_ROOT":  # as under DVC, which names the repository of the running stage
        environment |= {"DVC_ROOT": str(folder), "DVC_STAGE": "probe", "SPPE_HOME": str(REPOSITORY)}
    elif left == "a relative SPPE_HOME":
        environment |= {"SPPE_HOME": "."}
    else:
        environment |= {left: str(REPOSITORY)}
    command = [sys.executable, "-m", "sppe_lib.tools.notebooks", "probe"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    executed = folder / "results" / "mini" / "notebooks" / "probe.ipynb"
    if left == "SPPE_HOME":
        assert done.returncode == 2 and "SPPE_HOME" in done.stderr and not (folder / "results").exists()
    else:
        assert done.returncode == 0, done.stderr
        [shown] = nbformat.read(executed, as_version=4).cells[-1].outputs
        assert shown.text.split("\n")[0] == f"{folder}/sppe_lib/__init__.py {folder}/results/mini"


@pytest.mark.parametrize("problem", ["no kernel", "a killed kernel", "a failing cell"])
def test_what_goes_wrong_in_a_kernel_is_a_sentence(tmp_path, results, monkeypatch, capsys, problem):
    folder = clone(tmp_path / "clone")
    monkeypatch.setattr(notebooks, "repository", lambda: folder)
    ends = {"a killed kernel": "import os; os.kill(os.getpid(), 9)", "a failing cell": "raise OSError(28, 'No space')"}
    if problem in ends:
        notebook = nbformat.read(folder / "notebooks" / "probe.ipynb", as_version=4)
        notebook.cells[-1].source = ends[problem]
        nbformat.write(notebook, folder / "notebooks" / "probe.ipynb")
    else:
        missing = lambda self, name: (_ for _ in ()).throw(NoSuchKernel(name))  # noqa: E731
        monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", missing)
    assert main(["probe"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert {"no kernel": "python3", "a killed kernel": "memory", "a failing cell": "No space"}[problem] in error


def test_no_absolute_path_and_no_host_of_a_registry_in_tracked_text():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    kinds = {".py", ".yaml", ".yml", ".toml", ".md", ".ipynb", ".lock", ".json", ".csv", ".tex", ""}
    for name in listed.stdout.split("\0"):
        path = REPOSITORY / name
        if path.is_file() and path.suffix in kinds and name != "tests/test_pipeline.py":
            text = path.read_text(encoding="utf-8")
            found = re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w|pythonhosted|pypi\.org/simple", text)
            assert not found, name


def test_pages_that_only_read_results_import_no_model_library():
    pages = "sppe_lib.evaluation.tables, sppe_lib.evaluation.figures, sppe_lib.recovery.plots"
    code = f"import sys, {pages}; print(*sorted({{'diffusers', 'transformers', 'peft'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
