"""Tiny random pipelines of the real diffusers classes, saved in the hub's layout.

Constructor arguments follow the pipelines' own documentation; every model is as small as its class allows.
"""

from pathlib import Path
from types import SimpleNamespace

import diffusers
import numpy as np
import torch
import transformers
from PIL import Image
from tiny import tiny_clip_tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from sppe_lib.config import GenerationParameters, load_profile
from sppe_lib.pictures import mask_image
from sppe_lib.runtime import numpy_generator

WIDTH = 16
"""Width of every text encoder."""


def hub_error(kind: type, status: int = 404) -> Exception:
    """What huggingface_hub raises for an answer of the hub."""
    return kind("says\nthe server", response=SimpleNamespace(headers={}, request=None, status_code=status))


def generation(**values) -> GenerationParameters:
    return load_profile("smoke", {f"generation.{name}": value for name, value in values.items()}).generation


def picture(number: int, width: int = 32, height: int = 32) -> Image.Image:
    pixels = numpy_generator("picture", number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def box_mask(left: int, top: int, right: int, bottom: int, width: int = 32, height: int = 32) -> Image.Image:
    private = np.zeros((height, width), bool)
    private[top:bottom, left:right] = True
    return mask_image(private)


def generation_values(folder: Path) -> dict:
    """Parameters of a profile by which `generate` makes pairs of 32 pixels, with tiny models in `folder`."""
    values = {"surrogate_model": tiny_sdxl_inpainting(folder / "sdxl"), "surrogate_steps": 2, "size": 32, "batch": 2}
    values |= {"editor": "instruct-pix2pix", "editor_model": tiny_instruct_pix2pix(folder / "pix2pix")}
    return values | {"editor_steps": 1}


def _vae(levels: int, **options) -> diffusers.AutoencoderKL:
    kinds = {"down_block_types": ("DownEncoderBlock2D",) * levels, "up_block_types": ("UpDecoderBlock2D",) * levels}
    sizes = {"block_out_channels": (4,) * levels, "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 2}
    return diffusers.AutoencoderKL(**kinds, **(sizes | options))


def _unet(channels: int, text_width: int, **options) -> diffusers.UNet2DConditionModel:
    return diffusers.UNet2DConditionModel(
        sample_size=16,
        in_channels=channels,
        out_channels=4,
        block_out_channels=(4, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=2,
        attention_head_dim=2,
        cross_attention_dim=text_width,
        **options,
    )


def _text_config() -> transformers.CLIPTextConfig:
    tokens = {"vocab_size": len(tiny_clip_tokenizer()), "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    widths = dict.fromkeys(("hidden_size", "intermediate_size", "projection_dim"), WIDTH)
    return transformers.CLIPTextConfig(**tokens, **widths, num_hidden_layers=2, num_attention_heads=2)


def _tokenizer():
    return tiny_clip_tokenizer(model_max_length=77)


def tiny_sdxl_inpainting(folder: Path) -> str:
    """SDXL inpainting: nine input channels, two CLIP text encoders, two pixels a latent."""
    torch.manual_seed(0)
    diffusers.StableDiffusionXLInpaintPipeline(
        vae=_vae(2),
        text_encoder=transformers.CLIPTextModel(_text_config()),
        text_encoder_2=transformers.CLIPTextModelWithProjection(_text_config()),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=_unet(
            9,
            2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=4,
            projection_class_embeddings_input_dim=6 * 4 + WIDTH,
            use_linear_projection=True,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(),
    ).save_pretrained(folder)
    return str(folder)


def _save_stable_diffusion(folder: Path, pipeline: type, channels: int, scheduler) -> str:
    torch.manual_seed(0)
    pipeline(
        vae=_vae(2),
        text_encoder=transformers.CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(),
        unet=_unet(channels, WIDTH),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return str(folder)


def tiny_instruct_pix2pix(folder: Path) -> str:
    """InstructPix2Pix: eight input channels, one CLIP text encoder."""
    pipeline = diffusers.StableDiffusionInstructPix2PixPipeline
    return _save_stable_diffusion(folder, pipeline, 8, diffusers.EulerDiscreteScheduler())


def tiny_stable_diffusion(folder: Path) -> str:
    """Stable Diffusion 1: four input channels, one CLIP text encoder, and the scheduler that the hub has with 1.5.

    At 32 pixels latents are 16 a side; the decoder attends at 8 a side, its second finest level.
    """
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = diffusers.PNDMScheduler(**betas, skip_prk_steps=True, steps_offset=1)
    return _save_stable_diffusion(folder, diffusers.StableDiffusionPipeline, 4, scheduler)


def _t5() -> dict:
    """A T5 encoder and its tokenizer, as a FLUX pipeline's second text side."""
    letters = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    letters += [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz"]
    tokenizer = transformers.T5Tokenizer(vocab=letters, extra_ids=0, model_max_length=512)
    sizes = {"d_model": WIDTH, "d_kv": 4, "d_ff": WIDTH, "num_layers": 1, "num_heads": 2}
    t5 = transformers.T5Config(vocab_size=len(tokenizer), feed_forward_proj="gated-gelu", **sizes)
    return {"text_encoder_2": transformers.T5EncoderModel(t5), "tokenizer_2": tokenizer}


FLUX_VAE = {"shift_factor": 0.1, "use_quant_conv": False, "use_post_quant_conv": False}
FILL = {"in_channels": 16 + 16 + 4 * 2**2, "out_channels": 16}
"""Channels a token of FLUX.1-Fill: 16 noisy, 16 known, 16 of the mask, of a VAE of two pixels a latent."""


def _flux_transformer(heads: int, text_width: int, **options) -> diffusers.FluxTransformer2DModel:
    sizes = {"num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16, "axes_dims_rope": (4, 6, 6)}
    widths = dict.fromkeys(("joint_attention_dim", "pooled_projection_dim"), text_width)
    return diffusers.FluxTransformer2DModel(num_attention_heads=heads, **sizes, **widths, **options)


def tiny_flux(folder: Path, fill: bool = True) -> Path:
    """A FLUX-family model without text encoders, in the layout of the shipped one; `fill`: with FILL's channels."""
    torch.manual_seed(0)
    vae = _vae(2, block_out_channels=(8, 8), norm_num_groups=4, scaling_factor=1.5, **FLUX_VAE)
    vae.save_pretrained(folder / "vae")
    transformer = _flux_transformer(2, 32, guidance_embeds=False, **(FILL if fill else {"in_channels": 16}))
    transformer.save_pretrained(folder / "transformer")
    diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0).save_pretrained(folder / "scheduler")
    return folder


def _save_flux(folder: Path, pipeline: type, levels: int, **channels: int) -> str:
    torch.manual_seed(0)
    pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=_vae(levels, **FLUX_VAE),
        text_encoder=transformers.CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(),
        **_t5(),
        transformer=_flux_transformer(1, WIDTH, guidance_embeds=True, **channels),
    ).save_pretrained(folder)
    return str(folder)


def tiny_flux_kontext(folder: Path) -> str:
    """FLUX Kontext with CLIP and T5. It works on a megapixel whatever it is given, so a latent has 32 pixels a side."""
    return _save_flux(folder, diffusers.FluxKontextPipeline, 6, in_channels=16)


def tiny_flux_fill(folder: Path) -> str:
    """FLUX.1-Fill with CLIP and T5 and a VAE of two pixels a latent."""
    return _save_flux(folder, diffusers.FluxFillPipeline, 2, **FILL)


def tiny_flux_dev(folder: Path) -> str:
    """FLUX.1-dev with CLIP and T5 and a VAE of two pixels a latent."""
    return _save_flux(folder, diffusers.FluxPipeline, 2, in_channels=16)


def tiny_qwen_image_edit(folder: Path) -> str:
    """Qwen-Image-Edit with Qwen2.5-VL. It, too, works on a megapixel, so a latent has 32 pixels a side."""
    torch.manual_seed(0)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    special += ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    vocabulary = {token: index for index, token in enumerate([*sorted(ByteLevel.alphabet()), *special])}
    tokenizer = transformers.Qwen2Tokenizer(vocab=vocabulary, merges=[], additional_special_tokens=special[1:])
    pixels = {"shortest_edge": 56 * 56, "longest_edge": 56 * 56}
    processor = transformers.Qwen2VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(size=pixels),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen2VLVideoProcessor(size=pixels),
    )
    widths = {"hidden_size": WIDTH, "intermediate_size": WIDTH}
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "rope_parameters": rope}
    places = ("image_pad", "video_pad", "vision_start", "vision_end")
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    config = transformers.Qwen2_5_VLConfig(
        text_config=widths | heads | {"vocab_size": len(tokenizer)},
        vision_config=widths | {"depth": 1, "num_heads": 2, "out_hidden_size": WIDTH},
        **{name: vocabulary[f"<|{place}|>"] for name, place in zip(names, places, strict=True)},
    )
    diffusers.QwenImageEditPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=4,
            z_dim=4,
            dim_mult=[1] * 6,
            num_res_blocks=1,
            temperal_downsample=[False] * 5,
            latents_mean=[0.0] * 4,
            latents_std=[8.0] * 4,
        ),
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        processor=processor,
        transformer=diffusers.QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=1,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(4, 6, 6),
        ),
    ).save_pretrained(folder)
    return str(folder)
