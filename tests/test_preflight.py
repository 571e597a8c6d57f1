"""The preflight: every check where all is well and where something is missing; the hub is never asked for real."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, errors
from released_tree import write_tree
from tiny_flux import tiny_flux
from tiny_pipelines import tiny_instruct_pix2pix

from sppe_lib import models
from sppe_lib.config import load_profile, model_location
from sppe_lib.editability.iqa import WeightFile
from sppe_lib.models import Hub, ask_hub, cache_problems, folder_problems
from sppe_lib.runtime import Accelerator
from sppe_lib.tools.preflight import __main__ as command_line
from sppe_lib.tools.preflight import checks as machine
from sppe_lib.tools.preflight import report
from sppe_lib.tools.preflight.checks import check_learned_metrics, check_learning_rates, check_models
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, check_data

REPOSITORY = Path(__file__).parents[1]
HUB_MODEL = "owner/model"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The repository, results and an empty hub cache of the test's own, and a hub that must not be asked."""
    monkeypatch.setenv("SPPE_HOME", str(REPOSITORY))
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "results"))
    monkeypatch.delenv("SPPE_PROFILE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(models, "HfApi", None)
    return tmp_path


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    return tiny_flux(tmp_path_factory.mktemp("flux"))


def statuses(check, profile, **changes):
    context = Context(load_profile(profile, changes))
    return {finding.check: finding for finding in check(context)}


def hub_error(kind, status=404):
    return kind("no", response=SimpleNamespace(headers={}, request=None, status_code=status))


def hub_that(monkeypatch, answer, file=None):
    """A hub whose model_info and file requests return or raise what is given; returns the list of questions."""
    asked = []

    def respond(value):
        if isinstance(value, Exception):
            raise value
        return value

    class Api:
        def model_info(self, repository, **options):
            asked.append(repository)
            assert options["timeout"] <= 10
            return respond(answer)

    monkeypatch.setattr(models, "HfApi", Api)
    monkeypatch.setattr(models, "get_hf_file_metadata", lambda url, timeout: respond(file))
    return asked


def model_info(gated=False, **sizes):
    files = [SimpleNamespace(rfilename=name, size=size) for name, size in sizes.items()]
    return SimpleNamespace(gated=gated, siblings=files)


def into_cache(folder: Path, cache: Path) -> Path:
    """Put a folder where the hub's cache would have it as HUB_MODEL."""
    root = cache / f"models--{HUB_MODEL.replace('/', '--')}"
    snapshot = root / "snapshots" / "0000"
    shutil.copytree(folder, snapshot)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("0000")
    return snapshot


def test_python(monkeypatch):
    assert statuses(machine.check_python, "smoke")["Python"].status == OK
    monkeypatch.setattr(machine.platform, "python_version", lambda: "3.9.1")
    assert statuses(machine.check_python, "smoke")["Python"].status == MISSING


def test_packages(monkeypatch):
    real = metadata.version

    def other(name):
        if name == "tabulate":
            raise metadata.PackageNotFoundError
        return {"torch": "2.13.0+cpu", "kiwisolver": "0.1"}.get(name) or real(name)

    monkeypatch.setattr(machine.metadata, "version", other)
    found = statuses(machine.check_packages, "smoke")
    assert found["packages used"].status == MISSING
    assert found["packages used"].found.startswith("tabulate absent, not ")  # a local build of torch is no difference
    assert "torch" not in found["packages used"].found
    assert (found["packages those need"].status, found["packages those need"].how) == (OPTIONAL, "make setup")
    assert "kiwisolver 0.1, not " in found["packages those need"].found


def test_memory_without_an_accelerator(monkeypatch):
    monkeypatch.setattr(machine, "accelerator", lambda: None)
    monkeypatch.setattr(machine, "machine_memory", lambda: 10**11)
    found = statuses(machine.check_memory, "smoke")
    assert {finding.status for finding in found.values()} == {OK}
    monkeypatch.setattr(machine, "machine_memory", lambda: 10**6)
    found = statuses(machine.check_memory, "smoke")
    assert found["accelerator"].status == OK
    assert found["main memory: train"].status == found["main memory: recover"].status == MISSING


def test_memory_of_a_large_profile(monkeypatch):
    monkeypatch.setattr(machine, "machine_memory", lambda: 10**12)
    monkeypatch.setattr(machine, "accelerator", lambda: None)
    found = statuses(machine.check_memory, "paper")
    assert found["accelerator"].status == found["accelerator memory: train"].status == MISSING
    monkeypatch.setattr(machine, "accelerator", lambda: Accelerator("GPU", 95 * 10**9, 96 * 10**9))
    found = statuses(machine.check_memory, "paper")
    assert found["accelerator"].status == found["accelerator memory"].status == OK
    assert "Prompt-Diffusion" in found["accelerator memory: train"].needed
    assert "EditTransfer" not in found["accelerator memory: train"].needed
    monkeypatch.setattr(machine, "accelerator", lambda: Accelerator("GPU", 10**12, 10**12))
    assert {finding.status for finding in statuses(machine.check_memory, "paper").values()} == {OK}


def test_bfloat16(monkeypatch):
    def status(native, accelerator):
        monkeypatch.setattr(machine, "native_bfloat16", lambda: native)
        monkeypatch.setattr(machine, "accelerator", lambda: accelerator)
        return statuses(machine.check_bfloat16, "smoke")["bfloat16"].status

    gpu = Accelerator("GPU", 1, 1)
    assert [status(True, None), status(True, gpu)] == [OK, OK]
    assert [status(False, None), status(False, gpu)] == [OPTIONAL, MISSING]


def test_disk_counts_only_what_is_not_there(monkeypatch, place):
    monkeypatch.setattr(machine, "free_disk", lambda folder: 10**6)
    found = statuses(machine.check_disk, "smoke")["disk for results"]
    assert found.status == MISSING and "benchmark" in found.needed
    for stage in ("benchmark", "latents", "training", "checkpoints", "recovered"):
        (place / "results" / "smoke" / stage).mkdir(parents=True)
    assert statuses(machine.check_disk, "smoke")["disk for results"].status == OK


def test_disk_for_models_counts_each_file_once(monkeypatch):
    files = {"vae/model.safetensors": 10**9, "transformer/model.safetensors": 2 * 10**9, "all.safetensors": 9 * 10**9}
    hub_that(monkeypatch, model_info(**files))
    models = {f"models.{role}": HUB_MODEL for role in ("vae", "transformer")}
    monkeypatch.setattr(machine, "free_disk", lambda folder: 10**12)
    found = statuses(machine.check_disk, "smoke", **models)["disk for models"]
    assert (found.needed, found.status) == ("3.0 GB to download", OK)
    monkeypatch.setattr(machine, "free_disk", lambda folder: 10**9)
    assert statuses(machine.check_disk, "smoke", **models)["disk for models"].how.startswith("set HF_HOME")


def test_data_of_the_vector_world():
    assert statuses(check_data, "smoke")["data"].status == OK


def test_data_in_a_folder(place):
    nowhere = statuses(check_data, "smoke", **{"benchmark.source": str(place / "nowhere")})["data"]
    assert nowhere.status == MISSING and "does not exist" in nowhere.found
    tree = write_tree(place / "SPPE")
    changes = {"benchmark.source": str(tree)}
    found = statuses(check_data, "smoke", **changes)
    numbers = [found[f"data: {split}"].found for split in ("train", "val", "test")]
    assert numbers == ["4 instances", "2 instances", "2 instances"]
    assert {name: found[f"data: {name}"].status for name in ("ORIGINAL", "EDITED", "IMG", "MASK")} == {
        "ORIGINAL": OK, "EDITED": OK, "IMG": OPTIONAL, "MASK": OK
    }  # fmt: skip
    shutil.rmtree(tree / "EDITED" / "VAL" / "surrogate")
    found = statuses(check_data, "smoke", **changes)
    assert found["data: train"].status == OK
    assert found["data: val"].status == MISSING and "EDITED/VAL" in found["data: val"].how


@pytest.mark.parametrize("role", ["clip", "vae", "transformer", "text"])
def test_shipped_models_are_complete(role):
    location = getattr(load_profile("smoke").models, role)
    assert folder_problems(Path(model_location(location)), role) == []


def test_a_folder_tells_what_it_lacks(flux, place):
    folder = place / "flux"
    shutil.copytree(flux, folder)
    assert folder_problems(folder, "transformer") == folder_problems(folder, "vae") == []
    assert folder_problems(folder, "text") == [
        "text_encoder/config.json is not there", "tokenizer/tokenizer_config.json is not there"
    ]  # fmt: skip
    assert folder_problems(folder / "vae", "vae") == []  # the component itself
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (folder / "transformer" / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "transformer" / "part-1.safetensors").touch()
    shutil.rmtree(folder / "scheduler")
    assert folder_problems(folder, "transformer") == [
        "transformer/part-2.safetensors is not there (1 of 2 shards)", "scheduler/scheduler_config.json is not there"
    ]  # fmt: skip
    for path in (folder / "vae").glob("*.safetensors"):
        path.unlink()
    assert folder_problems(folder, "vae") == ["vae/ has no *.safetensors or *.bin"]
    (folder / "vae" / "config.json").write_text('{"_class_name": "AsymmetricAutoencoderKL"}')
    assert folder_problems(folder, "vae") == ["vae/config.json is of a AsymmetricAutoencoderKL, not of a AutoencoderKL"]
    (folder / "vae" / "config.json").write_text("{")
    assert folder_problems(folder, "vae") == ["vae/config.json is not valid JSON"]


@pytest.mark.parametrize("location", ["/models/none", "./none", "weights/none"])
def test_a_location_that_is_no_model_is_a_row_and_not_a_crash(location):
    changes = {"models.transformer": location, "models.vae": location}
    found = report.run_checks(load_profile("smoke", changes), (machine.check_memory, machine.check_disk, check_models))
    rows = {finding.check: finding for finding in found}
    assert rows["model: vae"].status == rows["model: transformer"].status == MISSING


def test_weights_that_were_cut_off_are_missing(flux, place):
    shutil.copytree(flux, place / "flux")
    [weights] = (place / "flux" / "vae").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    assert folder_problems(place / "flux", "vae") == [f"vae/{weights.name} is cut off or no safetensors file"]


def test_a_rate_for_what_is_not_trained_is_told():
    assert not statuses(check_learning_rates, "mini")
    found = statuses(
        check_learning_rates, "mini", **{"recovery.training.learning_rates": {"SOERR": 0.1, "VISII": 0.1, "SOER": 0.1}}
    )
    assert found["learning rates"].found == "SOERR, VISII" and found["learning rates"].status == MISSING


def test_a_pipeline_of_its_own_tells_what_it_lacks(place):
    folder = Path(tiny_instruct_pix2pix(place / "model"))
    assert folder_problems(folder, "visii") == []
    assert folder_problems(folder, "cross_image") == [
        "model_index.json is of a StableDiffusionInstructPix2PixPipeline, not of a StableDiffusionPipeline"
    ]
    shutil.rmtree(folder / "unet")
    assert folder_problems(folder, "visii") == ["unet/config.json is not there"]
    assert "model: visii" not in statuses(check_models, "smoke")
    found = statuses(check_models, "smoke", **{"models.visii": str(folder)})
    assert found["model: visii"].status == MISSING and "unet" in found["model: visii"].found


def test_of_a_pipeline_only_what_is_loaded_is_counted(monkeypatch):
    files = {
        "model_index.json": 1, "v1-5-pruned.safetensors": 900, "unet/config.json": 1,
        "safety_checker/model.safetensors": 900,
        "unet/diffusion_pytorch_model.safetensors": 50, "unet/diffusion_pytorch_model.fp16.safetensors": 900,
        "unet/diffusion_pytorch_model.bin": 900, "vae/diffusion_pytorch_model.safetensors": 5,
    }  # fmt: skip
    hub_that(monkeypatch, model_info(**files))
    assert sum(ask_hub(HUB_MODEL, "model_index.json").files("cross_image").values()) == 57
    how = statuses(check_models, "smoke", **{"models.cross_image": HUB_MODEL})["model: cross_image"].how
    assert "--include 'model_index.json' --include 'unet/*'" in how


def test_models_in_folders(flux, place):
    found = statuses(check_models, "smoke", **{"models.vae": str(flux), "models.text": str(flux)})
    assert (found["model: vae"].status, found["model: vae"].found) == (OK, "folder")
    assert found["model: text"].status == MISSING and "text_encoder/config.json" in found["model: text"].found
    assert found["model: clip"].found == "shipped"
    assert statuses(check_models, "smoke", **{"models.vae": "weights/none"})["model: vae"].status == MISSING
    assert statuses(check_models, "smoke", **{"models.vae": "a/b/c"})["model: vae"].found == "no such folder"


def test_a_cached_model_needs_no_hub(flux, place):
    assert cache_problems(HUB_MODEL, "vae") is None
    snapshot = into_cache(flux, place / "hub")
    assert cache_problems(HUB_MODEL, "vae") == []
    found = statuses(check_models, "smoke", **{"models.vae": HUB_MODEL})
    assert found["model: vae"].found == "in the hub's cache"
    shutil.copytree(model_location("weights/clip"), snapshot / "text_encoder")
    shutil.copytree(model_location("weights/clip"), snapshot / "tokenizer")
    # A hub model is loaded with its T5, whereas a folder may have none.
    assert cache_problems(HUB_MODEL, "text") == ["text_encoder_2/ is not there", "tokenizer_2/ is not there"]


def test_a_named_revision_is_the_one_that_is_checked(flux, place, monkeypatch):
    into_cache(flux, place / "hub")
    asked = hub_that(monkeypatch, hub_error(errors.RevisionNotFoundError))
    pinned = {"models.vae": f"{HUB_MODEL}@0000"}  # the commit that the cache has
    assert statuses(check_models, "smoke", **pinned)["model: vae"].found == "in the hub's cache"
    assert asked == []
    finding = statuses(check_models, "smoke", **{"models.vae": f"{HUB_MODEL}@v2"})["model: vae"]
    assert finding.status == MISSING and finding.needed == "owner/model@v2"
    assert finding.found.startswith("owner/model has no revision 'v2' on the hub. In the cache: nothing.")
    assert "behind the @" in finding.how
    hub_that(monkeypatch, model_info(**{"vae/model.safetensors": 10**9}))
    finding = statuses(check_models, "smoke", **{"models.vae": f"{HUB_MODEL}@v2"})["model: vae"]
    assert finding.how.endswith("hf download owner/model --revision v2 --include 'vae/*'")
    two = {"models.vae": f"{HUB_MODEL}@v2", "models.transformer": f"{HUB_MODEL}@v3"}
    asked = hub_that(monkeypatch, model_info())
    statuses(check_models, "smoke", **two)
    assert asked == ["owner/model"] * 2  # once for each revision


@pytest.mark.parametrize(
    ("answer", "file", "state"),
    [
        (model_info(), None, "open"),
        (model_info("auto"), SimpleNamespace(size=1), "open"),
        (model_info("auto"), hub_error(errors.GatedRepoError, 403), "gated"),
        (hub_error(errors.RepositoryNotFoundError, 401), None, "no repository"),
        (hub_error(errors.RevisionNotFoundError), None, "no revision"),
        (hub_error(errors.HfHubHTTPError, 503), None, "refused"),
        (errors.OfflineModeIsEnabled("off"), None, "offline"),
        (errors.HTTPError("no route"), None, "offline"),
        (TimeoutError(), None, "offline"),
    ],
)
def test_what_the_hub_may_say(monkeypatch, answer, file, state):
    hub_that(monkeypatch, answer, file=file)
    found = ask_hub(HUB_MODEL, "vae/config.json", "v9")
    assert found.state == state
    assert found.reason.endswith((".", "later.")) and "\n" not in found.reason


def test_every_answer_is_one_finding_with_a_remedy(monkeypatch):
    hows = {}
    for answer, file in (
        (model_info(**{"vae/model.safetensors": 10**9}), None),
        (model_info("auto"), hub_error(errors.GatedRepoError, 403)),
        (hub_error(errors.RepositoryNotFoundError), None),
        (hub_error(errors.HfHubHTTPError, 503), None),
        (TimeoutError(), None),
    ):  # fmt: skip
        hub_that(monkeypatch, answer, file=file)
        finding = statuses(check_models, "smoke", **{"models.vae": HUB_MODEL})["model: vae"]
        hows[finding.how] = finding.status
    assert list(hows.values()) == [OK, MISSING, MISSING, MISSING, MISSING]
    assert len(hows) == 5
    assert next(iter(hows)) == "comes at first use (1.0 GB); before that: hf download owner/model --include 'vae/*'"


def test_an_offline_hub_is_asked_once_and_others_once_a_repository(monkeypatch):
    asked = hub_that(monkeypatch, TimeoutError())
    hub = Hub()
    assert {hub.answer(name, "vae").state for name in ("a/b", "c/d", "e/f")} == {"offline"}
    assert asked == ["a/b"]
    asked = hub_that(monkeypatch, model_info())
    hub = Hub()
    for role in ("vae", "transformer", "vae"):
        hub.answer("a/b", role)
    hub.answer("c/d", "vae")
    assert asked == ["a/b", "c/d"]


def test_a_model_in_several_formats_is_counted_once(monkeypatch):
    files = {"model.safetensors": 3, "pytorch_model.bin": 3, "tf_model.h5": 3, "config.json": 1, "onnx/model.onnx": 9}
    hub_that(monkeypatch, model_info(**files))
    assert sum(ask_hub(HUB_MODEL, "config.json").files("clip").values()) == 4
    del files["model.safetensors"]
    hub_that(monkeypatch, model_info(**files))
    assert sum(ask_hub(HUB_MODEL, "config.json").files("clip").values()) == 4


def test_learned_metrics(monkeypatch):
    monkeypatch.setattr(WeightFile, "present", lambda file: True)
    assert statuses(check_learned_metrics, "smoke")["learned metrics"].status == OK
    monkeypatch.setattr(WeightFile, "present", lambda file: file.name != "afine.pth")
    found = statuses(check_learned_metrics, "smoke")["learned metrics"]
    assert found.status == OPTIONAL and "not there: AFINE-FR" in found.found and "DISTS" in found.found
    assert not statuses(check_learned_metrics, "smoke", **{"editability.learned_metrics": False})


def test_the_command_and_its_exit_status(monkeypatch, capsys):
    before = (REPOSITORY / "params.yaml").read_bytes()

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["preflight", *arguments])
        status = command_line.main()
        return status, capsys.readouterr()

    checks = (check_data, check_models, machine.check_bfloat16)
    real = report.run_checks
    monkeypatch.setattr(report, "run_checks", lambda profile: real(profile, checks))
    status, output = run("smoke")
    assert status == 0 and "everything needed is there" in output.out and "weights/backbone" in output.out
    hub_that(monkeypatch, TimeoutError())
    status, output = run("paper")
    assert status == 1 and "8 missing" in output.out and "black-forest-labs/FLUX.1-Fill" in output.out
    status, output = run("huge")
    assert status == 2 and "Unknown profile 'huge'" in output.err
    assert run("smoke", "mini")[0] == 2
    monkeypatch.setenv("SPPE_PROFILE", "smoke")
    assert "Profile smoke" in run()[1].out
    assert (REPOSITORY / "params.yaml").read_bytes() == before


def test_a_check_is_a_line_in_the_table():
    finding = Finding("mine", "a", "b", OK)
    assert report.run_checks(load_profile("smoke"), (lambda context: iter([finding]),)) == [finding]
    assert list(report.table([finding]).columns) == ["check", "needed", "found", "status", "how to get it"]
