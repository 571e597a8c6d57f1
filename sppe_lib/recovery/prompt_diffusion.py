"""Prompt-Diffusion (arXiv 2305.01115): a ControlNet branch reads an example pair and a query picture.

The pair is (S, S') and the query is I, stacked on channels as the branch's condition; the text is the instruction. The
branch is diffusers' `FluxControlNetModel`, a copy of half of the backbone's layers, trained in full. Prompt-Diffusion
also tunes its generator: here that is the same LoRA that every trained method has.
"""

import torch
from diffusers import FluxControlNetModel
from torch import nn

from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.diffusion.panels import assemble
from sppe_lib.recovery.grid import paint_all
from sppe_lib.recovery.trained import TrainedMethod


class ExampleBranch(nn.Module):
    """The ControlNet and the projection of [S | S' | I] latents to its condition."""

    def __init__(self, backbone: Backbone):
        super().__init__()
        config = backbone.transformer.config
        self.enter = nn.Linear(3 * backbone.token_width, backbone.channels)
        branch = FluxControlNetModel.from_transformer(
            backbone.transformer,
            num_layers=-(-config.num_layers // 2),
            num_single_layers=-(-config.num_single_layers // 2),
            attention_head_dim=config.attention_head_dim,
            num_attention_heads=config.num_attention_heads,
        )
        self.controlnet = branch.float().requires_grad_(True)

    def forward(self, batch: LatentBatch, features, ids, time, text: TextStates, guidance: torch.Tensor | None) -> dict:
        """Residuals for the backbone's blocks, as keyword arguments of its forward."""
        condition = self.enter(torch.cat([batch.surrogate, batch.edited_surrogate, batch.source], dim=-1))
        double, single = self.controlnet(
            hidden_states=features,
            controlnet_cond=condition,
            timestep=time,
            guidance=guidance,
            encoder_hidden_states=text.sequence,
            pooled_projections=text.pooled,
            img_ids=ids,
            txt_ids=torch.zeros(text.sequence.shape[1], 3, device=ids.device),
            return_dict=False,
        )
        return {"controlnet_block_samples": double, "controlnet_single_block_samples": single}


class PromptDiffusion(TrainedMethod):
    """The branch and a LoRA; the target stands alone in its grid."""

    name = "Prompt-Diffusion"
    panels = 0

    def modules(self, backbone):
        """The ControlNet branch."""
        return ExampleBranch(backbone)

    def velocity(self, batch, x_t, t, noise):
        """As `TrainedMethod.velocity`."""
        backbone, text = self.backbone, self.text(batch)
        alone = [], paint_all(backbone, batch)
        features, ids = assemble(x_t, *alone, backbone.channels, backbone.downscale, t, aligned=backbone.aligned)
        control = lambda guidance: self.extra(batch, features, ids, t, text, guidance)
        output = backbone.predict(features, ids, t, text, self.training.guidance, control)
        return backbone.velocity(output, x_t, t, batch.source)
