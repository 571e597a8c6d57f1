"""The preflight: every check where all is well and where something is missing; the hub is never asked for real."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, errors
from released_tree import write_tree
from tiny_pipelines import hub_error, tiny_flux, tiny_instruct_pix2pix

from sppe_lib import models
from sppe_lib.config import load_profile, model_location
from sppe_lib.editability.iqa import WeightFile
from sppe_lib.models import Hub, ask_hub, cache_problems, folder_problems
from sppe_lib.runtime import Accelerator
from sppe_lib.tools.preflight import checks, report
from sppe_lib.tools.preflight.checks import check_learned_metrics, check_learning_rates, check_models
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, check_data

HUB_MODEL = "owner/model"
GPU = Accelerator("GPU", 1, 1)


@pytest.fixture(autouse=True)
def place(results, monkeypatch):
    """Results and an empty hub cache of the test's own, and a hub that must not be asked."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(results.parent / "hub"))
    monkeypatch.setattr(models, "HfApi", None)
    return results.parent


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    return tiny_flux(tmp_path_factory.mktemp("flux"))


def findings(check, profile="smoke", **changes) -> dict[str, Finding]:
    context = Context(load_profile(profile, {name.replace("__", "."): value for name, value in changes.items()}))
    return {finding.check: finding for finding in check(context)}


def model(role, location) -> Finding:
    return findings(check_models, **{f"models__{role}": str(location)})[f"model: {role}"]


def hub_that(monkeypatch, answer, file=None):
    """A hub whose model_info and file requests return or raise what is given; returns the list of questions."""
    asked = []

    def model_info(repository, **options):
        asked.append(repository)
        assert options["timeout"] <= 10
        return respond(answer)

    def respond(value):
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(models, "HfApi", lambda: SimpleNamespace(model_info=model_info))
    monkeypatch.setattr(models, "get_hf_file_metadata", lambda url, timeout: respond(file))
    return asked


def model_info(gated=False, **sizes):
    return SimpleNamespace(gated=gated, siblings=[SimpleNamespace(rfilename=n, size=size) for n, size in sizes.items()])


def arithmetic(native, found):
    return {"native_bfloat16": lambda: native, "accelerator": lambda: found}


@pytest.mark.parametrize(
    ("check", "there", "status"),
    [
        (checks.check_python, {}, OK),
        (checks.check_python, {"platform": SimpleNamespace(python_version=lambda: "3.9.1")}, MISSING),
        (checks.check_bfloat16, arithmetic(True, GPU), OK),
        (checks.check_bfloat16, arithmetic(True, None), OK),
        (checks.check_bfloat16, arithmetic(False, None), OPTIONAL),
        (checks.check_bfloat16, arithmetic(False, GPU), MISSING),
    ],
)
def test_the_interpreter_and_the_arithmetic(monkeypatch, check, there, status):
    for name, value in there.items():
        monkeypatch.setattr(checks, name, value)
    assert [finding.status for finding in findings(check).values()] == [status]


def test_packages(monkeypatch):
    real, others = metadata.version, {"torch": "2.13.0+cpu", "kiwisolver": "0.1"}

    def other(name):
        if name == "tabulate":
            raise metadata.PackageNotFoundError
        return others.get(name) or real(name)

    monkeypatch.setattr(checks.metadata, "version", other)
    used, those = findings(checks.check_packages).values()
    assert used.status == MISSING and used.found.startswith("tabulate absent, not ")
    assert "torch" not in used.found  # a local build is no difference
    assert (those.status, those.how) == (OPTIONAL, "make setup") and "kiwisolver 0.1, not " in those.found


def test_memory(monkeypatch):
    def memory(profile, main, accelerator=None):
        monkeypatch.setattr(checks, "accelerator", lambda: accelerator)
        monkeypatch.setattr(checks, "machine_memory", lambda: main)
        return findings(checks.check_memory, profile)

    def statuses(found, *names):
        return {found[name].status for name in names or found}

    assert statuses(memory("smoke", 10**11)) == {OK}
    small = memory("smoke", 10**6)
    assert statuses(small, "accelerator") == {OK}
    assert statuses(small, "main memory: train", "main memory: recover") == {MISSING}
    assert statuses(memory("paper", 10**12), "accelerator", "accelerator memory: train") == {MISSING}
    some = memory("paper", 10**12, Accelerator("GPU", 95 * 10**9, 96 * 10**9))
    assert statuses(some, "accelerator", "accelerator memory") == {OK}
    too_large = some["accelerator memory: train"].needed
    assert "Prompt-Diffusion" in too_large and "EditTransfer" not in too_large
    assert statuses(memory("paper", 10**12, Accelerator("GPU", 10**12, 10**12))) == {OK}


def test_disk_counts_only_what_is_not_there(monkeypatch, place):
    monkeypatch.setattr(checks, "free_disk", lambda folder: 10**6)
    found = findings(checks.check_disk)["disk for results"]
    assert found.status == MISSING and "benchmark" in found.needed
    for stage in ("benchmark", "latents", "training", "checkpoints", "recovered"):
        (place / "results" / "smoke" / stage).mkdir(parents=True)
    assert findings(checks.check_disk)["disk for results"].status == OK
    files = {"vae/model.safetensors": 10**9, "transformer/model.safetensors": 2 * 10**9, "all.safetensors": 9 * 10**9}
    hub_that(monkeypatch, model_info(**files))
    for free, status in ((10**12, OK), (10**9, MISSING)):  # each file once, whatever needs it
        monkeypatch.setattr(checks, "free_disk", lambda folder, free=free: free)
        found = findings(checks.check_disk, models__vae=HUB_MODEL, models__transformer=HUB_MODEL)["disk for models"]
        assert (found.needed, found.status) == ("3.0 GB to download", status)


def test_data(place):
    assert findings(check_data)["data"].status == OK
    nowhere = findings(check_data, benchmark__source=str(place / "nowhere"))["data"]
    assert nowhere.status == MISSING and "does not exist" in nowhere.found
    tree = write_tree(place / "SPPE")
    found = findings(check_data, benchmark__source=str(tree))
    assert [found[f"data: {split}"].found.split()[0] for split in ("train", "val", "test")] == ["4", "2", "2"]
    kinds = {"ORIGINAL": OK, "EDITED": OK, "IMG": OPTIONAL, "MASK": OK}
    assert {name: found[f"data: {name}"].status for name in kinds} == kinds
    shutil.rmtree(tree / "EDITED" / "VAL" / "surrogate")
    found = findings(check_data, benchmark__source=str(tree))
    assert (found["data: train"].status, found["data: val"].status) == (OK, MISSING)
    assert "EDITED/VAL" in found["data: val"].how


def test_shipped_models_are_complete_and_a_folder_tells_what_it_lacks(flux, place):
    assert {finding.found for finding in findings(check_models).values()} == {"shipped"}
    folder, vae = shutil.copytree(flux, place / "flux"), place / "flux" / "vae"
    assert folder_problems(folder, "transformer") == folder_problems(folder, "vae") == folder_problems(vae, "vae") == []
    lacking = ["text_encoder/config.json is not there", "tokenizer/tokenizer_config.json is not there"]
    assert folder_problems(folder, "text") == lacking
    assert (model("vae", folder).status, model("vae", folder).found) == (OK, "folder")
    assert model("text", folder).status == MISSING and lacking[0] in model("text", folder).found
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (folder / "transformer" / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "transformer" / "part-1.safetensors").touch()
    shutil.rmtree(folder / "scheduler")
    assert folder_problems(folder, "transformer") == [
        "transformer/part-2.safetensors is not there (1 of 2 shards)", "scheduler/scheduler_config.json is not there"
    ]  # fmt: skip
    [weights] = vae.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    assert folder_problems(folder, "vae") == [f"vae/{weights.name} is cut off or no safetensors file"]
    weights.unlink()
    assert folder_problems(folder, "vae") == ["vae/ has no *.safetensors or *.bin"]
    for text, problem in (
        ('{"_class_name": "AsymmetricAutoencoderKL"}', "is of a AsymmetricAutoencoderKL, not of a AutoencoderKL"),
        ("{", "is not valid JSON"),
    ):
        (vae / "config.json").write_text(text)
        assert folder_problems(folder, "vae") == [f"vae/config.json {problem}"]


@pytest.mark.parametrize("location", ["/models/none", "./none", "weights/none", "a/b/c"])
def test_a_location_that_is_no_model_is_a_row_and_not_a_crash(location):
    profile = load_profile("smoke", {"models.transformer": location, "models.vae": location})
    rows = report.run_checks(profile, (checks.check_memory, checks.check_disk, check_models))
    assert {row.check for row in rows if row.status == MISSING} >= {"model: vae", "model: transformer"}


def test_rates_for_what_is_not_trained_and_learned_metrics(monkeypatch):
    assert not findings(check_learning_rates, "mini")
    rates = {"SOERR": 0.1, "VISII": 0.1, "SOER": 0.1}
    [found] = findings(check_learning_rates, "mini", recovery__training__learning_rates=rates).values()
    assert (found.found, found.status) == ("SOERR, VISII", MISSING)
    monkeypatch.setattr(WeightFile, "present", lambda file: True)
    assert findings(check_learned_metrics)["learned metrics"].status == OK
    monkeypatch.setattr(WeightFile, "present", lambda file: file.name != "afine.pth")
    found = findings(check_learned_metrics)["learned metrics"]
    assert found.status == OPTIONAL and "not there: AFINE-FR" in found.found and "DISTS" in found.found
    assert not findings(check_learned_metrics, editability__learned_metrics=False)


def test_a_pipeline_of_its_own_tells_what_it_lacks_and_only_what_is_loaded_is_counted(place, monkeypatch):
    folder = Path(tiny_instruct_pix2pix(place / "model"))
    assert folder_problems(folder, "visii") == []
    other = "is of a StableDiffusionInstructPix2PixPipeline, not of a StableDiffusionPipeline"
    assert folder_problems(folder, "cross_image") == [f"model_index.json {other}"]
    shutil.rmtree(folder / "unet")
    assert "model: visii" not in findings(check_models)
    assert model("visii", folder).status == MISSING and model("visii", folder).found == "unet/config.json is not there"
    files = {
        "model_index.json": 1, "v1-5-pruned.safetensors": 900, "unet/config.json": 1,
        "safety_checker/model.safetensors": 900,
        "unet/diffusion_pytorch_model.safetensors": 50, "unet/diffusion_pytorch_model.fp16.safetensors": 900,
        "unet/diffusion_pytorch_model.bin": 900, "vae/diffusion_pytorch_model.safetensors": 5,
    }  # fmt: skip
    hub_that(monkeypatch, model_info(**files))
    assert sum(ask_hub(HUB_MODEL, "model_index.json").files("cross_image").values()) == 57
    assert "--include 'model_index.json' --include 'unet/*'" in model("cross_image", HUB_MODEL).how


def test_a_cached_model_needs_no_hub_and_is_looked_for_at_its_revision(flux, place, monkeypatch):
    assert cache_problems(HUB_MODEL, "vae") is None
    cached = place / "hub" / f"models--{HUB_MODEL.replace('/', '--')}"
    snapshot = shutil.copytree(flux, cached / "snapshots" / "0000")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0000")
    for location in (HUB_MODEL, f"{HUB_MODEL}@0000"):  # the commit that the cache has
        assert model("vae", location).found == "in the hub's cache"
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(model_location("weights/clip"), snapshot / part)
    # A hub model is loaded with its T5, whereas a folder may have none.
    assert cache_problems(HUB_MODEL, "text") == ["text_encoder_2/ is not there", "tokenizer_2/ is not there"]
    hub_that(monkeypatch, hub_error(errors.RevisionNotFoundError))
    finding = model("vae", f"{HUB_MODEL}@v2")
    assert (finding.status, finding.needed) == (MISSING, "owner/model@v2") and "behind the @" in finding.how
    assert finding.found.startswith("owner/model has no revision 'v2' on the hub. In the cache: nothing.")
    hub_that(monkeypatch, model_info(**{"vae/model.safetensors": 10**9}))
    fetch = "hf download owner/model --revision v2 --include 'vae/*'"
    assert model("vae", f"{HUB_MODEL}@v2").how.endswith(fetch)
    asked = hub_that(monkeypatch, model_info())
    findings(check_models, models__vae=f"{HUB_MODEL}@v2", models__transformer=f"{HUB_MODEL}@v3")
    assert asked == ["owner/model"] * 2  # once for each revision


ANSWERS = [
    (model_info(**{"vae/model.safetensors": 10**9}), None, "open"),
    (model_info("auto"), SimpleNamespace(size=1), "open"),
    (model_info("auto"), hub_error(errors.GatedRepoError, 403), "gated"),
    (hub_error(errors.RepositoryNotFoundError, 401), None, "no repository"),
    (hub_error(errors.RevisionNotFoundError), None, "no revision"),
    (hub_error(errors.HfHubHTTPError, 503), None, "refused"),
    (errors.OfflineModeIsEnabled("off"), None, "offline"),
    (errors.HTTPError("no route"), None, "offline"),
    (TimeoutError(), None, "offline"),
]


def test_whatever_the_hub_says_is_one_finding_with_a_remedy(monkeypatch):
    remedies = {}
    for answer, file, state in ANSWERS:
        hub_that(monkeypatch, answer, file=file)
        found = ask_hub(HUB_MODEL, "vae/config.json", "v9")
        assert found.state == state and found.reason.endswith((".", "later.")) and "\n" not in found.reason
        finding = model("vae", HUB_MODEL)
        assert finding.status == (OK if state == "open" else MISSING)
        remedies.setdefault(state, finding.how)
    assert len(set(remedies.values())) == 6
    assert remedies["open"] == "comes at first use (1.0 GB); before that: hf download owner/model --include 'vae/*'"


def test_an_offline_hub_is_asked_once_others_once_a_repository(monkeypatch):
    for answer, questions in ((TimeoutError(), ["a/b"]), (model_info(), ["a/b", "c/d"])):
        asked, hub = hub_that(monkeypatch, answer), Hub()
        for name, role in (("a/b", "vae"), ("a/b", "transformer"), ("c/d", "vae"), ("a/b", "vae")):
            hub.answer(name, role)
        assert asked == questions


def test_the_command_and_its_exit_status(monkeypatch, capsys):
    real = report.run_checks
    chosen = (check_data, check_models, checks.check_bfloat16)
    monkeypatch.setattr(report, "run_checks", lambda profile: real(profile, chosen))
    hub_that(monkeypatch, TimeoutError())
    for arguments, status, words in (
        (["smoke"], 0, "everything needed is there"),
        (["paper"], 1, "8 missing"),
        (["huge"], 2, "Unknown profile 'huge'"),
        (["smoke", "mini"], 2, "usage"),
    ):
        assert report.main(arguments) == status
        assert words in "".join(capsys.readouterr())
    monkeypatch.setenv("SPPE_PROFILE", "smoke")
    assert report.main([]) == 0 and "Profile smoke" in capsys.readouterr().out
