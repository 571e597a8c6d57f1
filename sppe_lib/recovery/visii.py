"""VISII (NeurIPS 2023): per instance, the instruction's embedding is optimised until it edits S into S'.

The editor is the frozen backbone as it was pretrained to edit: a picture beside the target, told by text
(pretraining/transformer.py, task `edit`). The embedding starts at the instruction's and follows the flow-matching loss
of S -> S'; then it edits I. VISII's second, CLIP term is left out, since the backbone's text states have no place in
CLIP's image space. Where `models.visii` names a model, VISII runs on that one: `visii_instruct_pix2pix`.
"""

import torch

from sppe_lib.config import Profile, SamplingParameters
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.attention import attention_for_backward
from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.latents import LatentBatch, encode_batch
from sppe_lib.diffusion.panels import TARGET, Panel
from sppe_lib.recovery.grid import draw_noised, grid_velocity, paint_all, sample
from sppe_lib.recovery.method import Method
from sppe_lib.recovery.visii_instruct_pix2pix import VisiiInstructPix2Pix
from sppe_lib.runtime import torch_generator


class Visii(Method):
    """VISII on the backbone; `sampling` has its steps and rate, `seed` decides all noise."""

    name = "VISII"

    def __init__(self, backbone: Backbone, sampling: SamplingParameters, seed: int):
        self.backbone, self.sampling, self.seed = backbone, sampling, seed

    @classmethod
    def load(cls, profile: Profile) -> Method:
        """On `models.visii` where that is named, else on the shared backbone."""
        if profile.models.visii:
            return VisiiInstructPix2Pix.load(profile)
        return cls(Backbone(profile.models), profile.recovery.sampling, profile.recovery.training.seed)

    def velocity(self, batch: LatentBatch, picture, x_t, t, noise, text: TextStates) -> torch.Tensor:
        """Velocity [B, N, 4C] of the target when the frozen editor edits `picture` [B, N, 4C] by `text`."""
        grid = [Panel(picture, TARGET[0], 0)], paint_all(self.backbone, batch)
        return grid_velocity(self.backbone, x_t, t, grid, text, noise[:, :1])

    def invert(self, batch: LatentBatch, names: list[str]) -> TextStates:
        """The embedding of each instance that best explains S -> S'.

        Noise and times come from the instance's id, and the loss is summed over instances, so an
        instance's embedding does not depend on the others in its batch.
        """
        start = self.backbone.text.encode(batch.instruction)
        text = TextStates(*(value.clone().requires_grad_() for value in (start.sequence, start.pooled)))
        optimizer = torch.optim.Adam([text.sequence, text.pooled], lr=self.sampling.inversion_learning_rate)
        generators = [torch_generator(self.name, self.seed, name) for name in names]
        for _ in range(self.sampling.inversion_steps):
            at = draw_noised(batch.edited_surrogate, 1, generators, self.backbone.time_shift)
            with attention_for_backward():
                velocity = self.velocity(batch, batch.surrogate, at.x_t, at.time, at.known, text)
            optimizer.zero_grad(set_to_none=True)
            (len(names) * at.loss(velocity)).backward()
            optimizer.step()
        return TextStates(text.sequence.detach(), text.pooled.detach())

    def recover(self, batch: Batch) -> torch.Tensor:
        """Recovered pictures [B, 3, H, W] in [0, 1]."""
        encoded, names, steps = encode_batch(self.backbone, batch), batch.instance_id, self.sampling.steps
        text = self.invert(encoded, names)
        velocity = lambda batch, x_t, t, noise: self.velocity(batch, batch.source, x_t, t, noise, text)
        latents = sample(self.backbone, velocity, encoded, names, self.name, self.seed, steps)
        return self.backbone.decode(latents)
