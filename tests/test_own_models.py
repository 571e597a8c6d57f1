"""VISII and Cross-Image Attention on models of their own: tiny ones of the real classes, in the hub's layout."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny import tiny_benchmark, tiny_clip
from tiny_pipelines import WIDTH, tiny_instruct_pix2pix, tiny_stable_diffusion

from sppe_lib import hub, recovery
from sppe_lib.clip import load_clip
from sppe_lib.config import changed, load_profile
from sppe_lib.data.schema import Batch, collate, open_split
from sppe_lib.errors import ConfigError, ResourceError
from sppe_lib.recovery import cross_image_stable_diffusion as cross_image
from sppe_lib.recovery import stable_diffusion
from sppe_lib.recovery import visii_instruct_pix2pix as visii
from sppe_lib.recovery.stable_diffusion import decode_latents, encode_pictures, encode_texts, load_stable_diffusion

OWN = {"VISII": "visii", "Cross-Image Attention": "cross_image"}


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    """The smoke profile with both models, computing in float32, and a benchmark of 32 px."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        patch.setenv("SPPE_RESULTS", str(folder / "results"))
        models = {
            "models.visii": tiny_instruct_pix2pix(folder / "editor"),
            "models.cross_image": tiny_stable_diffusion(folder / "diffusion"),
            "models.metrics_clip": tiny_clip(folder / "clip", width=WIDTH),
        }
        steps = {"steps": 10, "inversion_steps": 6, "inversion_learning_rate": 0.1}
        steps = {f"recovery.sampling.{name}": value for name, value in steps.items()}
        profile = load_profile("smoke", {"benchmark.size": 32} | models | steps)
        tiny_benchmark(profile.results / "benchmark", {"train": 1, "val": 1, "test": 3}, size=32)
        yield profile


@pytest.fixture(scope="module")
def batch(profile) -> Batch:
    return collate([open_split(profile.results / "benchmark", "test")[row] for row in (0, 2, 4)])


@pytest.fixture(scope="module")
def editor(profile):
    pipeline = load_stable_diffusion("visii", profile.models.visii, "StableDiffusionInstructPix2PixPipeline", 2)
    return pipeline, load_clip(profile.models.metrics_clip)


def one(batch: Batch, row: int) -> Batch:
    values = {field.name: getattr(batch, field.name)[row : row + 1] for field in dataclasses.fields(batch)}
    return Batch(**values)


@pytest.mark.parametrize("name", OWN)
def test_pictures_depend_on_the_edited_surrogate_and_not_on_the_batch(profile, batch, name):
    recover = recovery.method(name).load(profile)
    pictures = recover(batch)
    assert pictures.shape == batch.source.shape and pictures.dtype == torch.float32
    assert pictures.min() >= 0 and pictures.max() <= 1 and torch.isfinite(pictures).all()
    assert torch.allclose(recover(one(batch, 1)), pictures[1:2], atol=1e-4)
    blind = dataclasses.replace(batch, edited_source=torch.zeros_like(batch.edited_source))
    assert torch.equal(recover(blind), pictures)
    other = dataclasses.replace(batch, edited_surrogate=1 - batch.edited_surrogate)
    assert (recover(other) - pictures).abs().amax((1, 2, 3)).min() > 1e-3
    recovery.method(name).load(profile)  # a second one, on the same pipeline, leaves the first as it is
    assert torch.equal(recover(batch), pictures)
    reseeded = changed(profile, {"recovery.training.seed": 1})
    assert not torch.allclose(recovery.method(name).load(reseeded)(batch), pictures, atol=1e-3)


def test_visiis_loss_falls_only_words_change_and_the_edits_direction_is_followed(profile, batch, editor, monkeypatch):
    pipeline, clip = editor
    example = visii.make_example(pipeline, clip, batch)
    longer = dataclasses.replace(profile.recovery.sampling, inversion_steps=20)
    found = visii.VisiiInstructPix2Pix(pipeline, clip, longer, 0).invert(example, batch.instance_id)
    assert torch.equal(found[~example.words[..., 0]], example.start[~example.words[..., 0]])
    assert (found[example.words[..., 0]] != example.start[example.words[..., 0]]).all(dim=-1).any()

    def error(embedding: torch.Tensor) -> torch.Tensor:
        """The mean error of every instance over timesteps and noise that the inversion did not see."""
        generator, errors = torch.Generator().manual_seed(0), []
        for time in range(20, 1000, 40):
            noise = torch.randn(example.edited.shape, generator=generator)
            errors.append(visii.noise_loss(pipeline, example, embedding, torch.full((3,), time), noise))
        return torch.stack(errors).mean(dim=0)

    with torch.no_grad():
        assert (error(found) < error(example.start)).all()
    monkeypatch.setattr(visii, "NOISE_WEIGHT", 0.0)
    method = visii.VisiiInstructPix2Pix(pipeline, clip, profile.recovery.sampling, 0)
    found = method.invert(example, batch.instance_id)
    before, after = (visii.direction_loss(clip, example, embedding) for embedding in (example.start, found))
    far = before > -visii.ENOUGH_DIRECTION
    assert far.any() and (after < before)[far].all() and torch.equal(after[~far], before[~far])
    same = visii.make_example(pipeline, clip, dataclasses.replace(batch, edited_surrogate=batch.surrogate))
    assert torch.equal(visii.direction_loss(clip, same, same.start), torch.zeros(3))


def test_visiis_prediction_is_the_one_that_the_stock_pipeline_samples_with(batch, editor, monkeypatch):
    pipeline, clip = editor
    example = visii.make_example(pipeline, clip, batch)
    step, predicted, inputs = pipeline.scheduler.step, [], []

    def watched(noise, *arguments, **options):
        predicted.append(noise)
        return step(noise, *arguments, **options)

    monkeypatch.setattr(pipeline.scheduler, "step", watched)
    hook = pipeline.unet.register_forward_pre_hook(lambda module, arguments: inputs.append(arguments))
    pipeline(
        prompt=batch.instruction, image=batch.surrogate, num_inference_steps=2, output_type="pt",
        guidance_scale=visii.TEXT_GUIDANCE, image_guidance_scale=visii.PICTURE_GUIDANCE,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    hook.remove()
    states, time = inputs[0]
    with torch.no_grad():
        ours = visii.guided_noise(pipeline, example, states[:3, :4], time.expand(3), example.start)
    assert torch.allclose(ours, predicted[0], atol=1e-4)


@pytest.fixture
def diffusion(profile, batch):
    """(pipeline, scaled latents of I and of S', texts) of Cross-Image Attention."""
    pipeline = load_stable_diffusion("cross_image", profile.models.cross_image, "StableDiffusionPipeline", 1)
    scale = pipeline.vae.config.scaling_factor
    source, appearance = (encode_pictures(pipeline, some) * scale for some in (batch.source, batch.edited_surrogate))
    return pipeline, source, appearance, encode_texts(pipeline, ["a photo"] * 3)[0]


def transferred(diffusion, steps: int = 10) -> torch.Tensor:
    generators = [torch.Generator().manual_seed(seed) for seed in range(3)]
    with torch.no_grad():
        return cross_image.transfer(*diffusion, generators, steps)


def test_statistics_become_those_of_the_appearance_and_without_the_swap_the_source_comes_back(diffusion, monkeypatch):
    appearance, result = diffusion[2], transferred(diffusion)
    for statistic in (torch.mean, torch.std):
        assert torch.allclose(statistic(result, (-2, -1)), statistic(appearance, (-2, -1)), atol=1e-3)
    pipeline, source = diffusion[:2]
    monkeypatch.setattr(cross_image, "ADAIN_FROM", 2.0)
    swapped = transferred(diffusion)
    monkeypatch.setattr(cross_image, "SWAP_FROM", 2.0)
    plain = transferred(diffusion)
    assert torch.allclose(plain, source, atol=1e-3)  # what twenty sums in float32 leave
    reconstruction = decode_latents(pipeline, source)
    assert torch.allclose(decode_latents(pipeline, plain), reconstruction, atol=1e-3)
    assert (swapped - source).abs().max() > 0.02


def test_only_the_first_stream_looks_at_another_and_only_in_the_decoder(diffusion):
    pipeline, source, appearance, texts = diffusion
    swap = cross_image.install(pipeline)
    processors = pipeline.unet.attn_processors
    crossing = [name for name, entry in processors.items() if isinstance(entry, cross_image.CrossImageProcessor)]
    assert crossing and all(name.startswith("up_blocks") and ".attn1." in name for name in crossing)
    streams = torch.cat([source, source, appearance, source + 1])

    def predicted(**state) -> tuple[torch.Tensor, ...]:
        for name, value in state.items():
            setattr(swap, name, value)
        with torch.no_grad():
            return stable_diffusion.predict_noise(pipeline, streams, 500, texts.repeat(4, 1, 1)).chunk(4)

    stock = predicted(tokens=(256, 64), active=False)
    assert torch.allclose(stock[0], stock[1], atol=1e-5)
    for crossed in (predicted(active=True, of_structure=False), predicted(active=True, of_structure=True)):
        assert not torch.allclose(crossed[0], stock[0], atol=1e-4)
        for before, after in zip(stock[1:], crossed[1:], strict=True):
            assert torch.allclose(before, after, atol=1e-5)
    assert torch.allclose(predicted(tokens=(17,), active=True)[0], stock[0], atol=1e-5)  # no layer of that length


@pytest.mark.parametrize("name", OWN)
def test_a_missing_or_wrong_model_is_said_clearly(profile, name, tmp_path):
    def load(**models):
        others = dataclasses.replace(profile.models, **models)
        return recovery.method(name).load(dataclasses.replace(profile, models=others))

    role = OWN[name]
    with pytest.raises(ResourceError, match="Cannot load .*nowhere"):
        load(**{role: str(Path(tmp_path, "nowhere"))})
    other = profile.models.cross_image if role == "visii" else profile.models.visii
    with pytest.raises(ConfigError, match=f"models.{role} is .* channels and not"):
        load(**{role: other})
    with pytest.raises(ResourceError, match="no/such/backbone"):  # on which it runs without a model of its own
        load(**{role: "", "vae": "no/such/backbone"})
    if role == "visii":
        with pytest.raises(ConfigError, match="width 16, but models.metrics_clip has 32"):
            load(metrics_clip=tiny_clip(tmp_path / "clip"))
