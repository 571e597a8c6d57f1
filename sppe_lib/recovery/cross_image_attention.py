"""Cross-Image Attention (SIGGRAPH 2024): zero-shot, I gives the structure and S' the appearance.

While I is denoised, its target tokens take their keys and values from those of a second stream in which S' is on its
way from noise, at the same flow time; attention is sharpened and the latents' statistics follow those of S' (AdaIN).
Both streams run through the frozen editor as it was pretrained: I (or S) beside the target, the instruction as text. A
flow has an exact noising, so I enters as its own noised latents at `START`, without the original's DDPM inversion; and
statistics are those of the whole picture, not of the original's masks (clustered attention maps). Where
`models.cross_image` names a model, it runs on that one: `cross_image_stable_diffusion`, as at paper scale.
"""

import torch
from diffusers.models.embeddings import apply_rotary_emb

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.flow import integrate, noisy
from sppe_lib.diffusion.latents import encode_batch
from sppe_lib.diffusion.panels import TARGET, Painting, Panel
from sppe_lib.recovery.cross_image_stable_diffusion import CONTRAST, CrossImageStableDiffusion, adapt_statistics
from sppe_lib.recovery.grid import grid_velocity, instance_noise, paint_all
from sppe_lib.recovery.method import Method

START = 0.8
"""Flow time at which the noised I enters: below 1 its structure is kept."""

SWAP_DOWN_TO = 0.2
"""Flow time down to which keys and values are swapped; below, the editor runs as it is."""


class CrossImageProcessor:
    """FLUX attention in which the first half of a batch looks at the second half's target tokens.

    `tokens`: number of target tokens, first after the text's. `active` switches the swap.
    """

    def __init__(self, tokens: int):
        self.tokens = tokens
        self.active = False

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, image_rotary_emb=None):
        """As diffusers' FluxAttnProcessor: text tokens come first, then the target's and the known picture's."""
        query, key, value = (layer(hidden_states) for layer in (attn.to_q, attn.to_k, attn.to_v))
        query, key, value = (part.unflatten(-1, (-1, attn.head_dim)) for part in (query, key, value))
        query, key = attn.norm_q(query), attn.norm_k(key)
        if encoder_hidden_states is not None:
            layers = (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
            added = [layer(encoder_hidden_states).unflatten(-1, (-1, attn.head_dim)) for layer in layers]
            added[:2] = attn.norm_added_q(added[0]), attn.norm_added_k(added[1])
            query, key, value = (torch.cat(pair, dim=1) for pair in zip(added, (query, key, value), strict=True))
        query, key = (apply_rotary_emb(part, image_rotary_emb, sequence_dim=1) for part in (query, key))
        text = query.shape[1] - 2 * self.tokens  # two panels follow the text
        if self.active:
            half, target = len(query) // 2, slice(text, text + self.tokens)
            key, value = key.clone(), value.clone()
            key[:half, target], value[:half, target] = key[half:, target], value[half:, target]
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        weights = (query.float() @ key.float().transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1)
        if self.active:
            mean = weights[:half].mean(dim=-1, keepdim=True)
            sharper = ((weights[:half] - mean) * CONTRAST + mean).clamp(0, 1)
            weights = torch.cat([sharper / sharper.sum(dim=-1, keepdim=True), weights[half:]])
        result = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2).to(hidden_states.dtype)
        if encoder_hidden_states is None:
            return result
        words, pictures = result[:, :text], result[:, text:]
        return attn.to_out[1](attn.to_out[0](pictures)), attn.to_add_out(words)


class CrossImageAttention(Method):
    """Cross-Image Attention on the backbone, in `steps` of the sampler; `seed` decides all noise."""

    name = "Cross-Image Attention"

    def __init__(self, backbone: Backbone, steps: int, seed: int):
        self.backbone, self.steps, self.seed = backbone, steps, seed

    @classmethod
    def load(cls, profile: Profile) -> Method:
        """On `models.cross_image` where that is named, else on the shared backbone."""
        if profile.models.cross_image:
            return CrossImageStableDiffusion.load(profile)
        return cls(Backbone(profile.models), profile.recovery.sampling.steps, profile.recovery.training.seed)

    @torch.no_grad()
    def recover(self, batch: Batch) -> torch.Tensor:
        """Recovered pictures [B, 3, H, W] in [0, 1]."""
        backbone, encoded = self.backbone, encode_batch(self.backbone, batch)
        drawn, others = instance_noise(encoded.source, batch.instance_id, self.name, self.seed)
        attention = CrossImageProcessor(encoded.source.shape[1])
        backbone.transformer.set_attn_processor(attention)
        text = backbone.text.encode(batch.instruction * 2)
        painting = paint_all(backbone, encoded)
        both = Painting(painting.known.repeat(2, 1, 1), painting.mask.repeat(2, 1, 1, 1))
        grid = [Panel(torch.cat([encoded.source, encoded.surrogate]), TARGET[0], 0)], both
        noise = others[:, 1:2].repeat(2, 1, 1, 1)

        def velocity(tokens: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
            appearance = noisy(encoded.edited_surrogate, others[:, 0], time)
            attention.active = float(time[0]) >= SWAP_DOWN_TO
            structure = adapt_statistics(tokens, appearance) if attention.active else tokens
            streams = torch.cat([structure, appearance])
            predicted = grid_velocity(backbone, streams, time.repeat(2), grid, text, noise)[: len(tokens)]
            # So that the clean estimate x_t - t v is the one that the adapted latents lead to.
            return predicted - (structure - tokens) / time.view(-1, 1, 1)

        start = noisy(encoded.source, drawn, torch.full((len(batch),), START).to(encoded.source))
        return backbone.decode(integrate(velocity, start, backbone.scheduler, self.steps, START))
