"""VISII (NeurIPS 2023; SPEC §5): per instance, the instruction's embedding is optimised until it edits S into S'.

The editor is the frozen backbone as it was pretrained to edit: picture left, target right, told by text
(pretraining/transformer.py, task `edit`). The embedding starts at the instruction's and follows the
flow-matching loss of S -> S'; then it edits I. VISII's second, CLIP term is left out, since the
backbone's text states have no place in CLIP's image space. Nothing is trained across instances. Where
`models.visii` names a model, VISII runs on that one: `visii_instruct_pix2pix`, as at paper scale.
"""

import torch

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.attention import attention_for_backward
from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.flow import flow_matching_loss, noisy
from sppe_lib.diffusion.latents import LatentBatch, encode_batch
from sppe_lib.diffusion.panels import TARGET, Panel
from sppe_lib.recovery.grid import draw_noise, draw_times, grid_velocity, paint_all, sample_encoded
from sppe_lib.recovery.visii_instruct_pix2pix import load_visii_instruct_pix2pix
from sppe_lib.runtime import torch_generator

NAME = "VISII"


def edit_velocity(
    backbone: Backbone, batch: LatentBatch, picture, target, time, text: TextStates, noise
) -> torch.Tensor:
    """Velocity [B, N, 4C] of the target when the frozen editor edits `picture` [B, N, 4C] by `text`."""
    grid = [Panel(picture, TARGET[0], 0)], paint_all(backbone, batch)
    return grid_velocity(backbone, target, time, grid, text, noise[:, :1])


def invert(backbone: Backbone, batch: LatentBatch, names: list[str], profile: Profile) -> TextStates:
    """The embedding of each instance that best explains S -> S'.

    Noise and times come from the instance's id, and the loss is summed over instances, so an
    instance's embedding does not depend on the others in its batch.
    """
    start = backbone.text.encode(batch.instruction)
    sequence, pooled = (value.clone().requires_grad_() for value in (start.sequence, start.pooled))
    optimizer = torch.optim.Adam([sequence, pooled], lr=profile.recovery.sampling.inversion_learning_rate)
    generators = [torch_generator(NAME, profile.recovery.training.seed, name) for name in names]
    clean = batch.edited_surrogate
    for _ in range(profile.recovery.sampling.inversion_steps):
        noise, known_noise = draw_noise(clean, 1, generators)
        time = draw_times(clean, generators)
        text = TextStates(sequence, pooled)
        with attention_for_backward():
            velocity = edit_velocity(
                backbone, batch, batch.surrogate, noisy(clean, noise, time), time, text, known_noise
            )
        optimizer.zero_grad(set_to_none=True)
        (len(names) * flow_matching_loss(velocity, clean, noise)).backward()
        optimizer.step()
    return TextStates(sequence.detach(), pooled.detach())


def load_visii(profile: Profile):
    """VISII as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1]."""
    if profile.models.visii:
        return load_visii_instruct_pix2pix(profile)
    backbone = Backbone(profile.models)

    def recover(batch: Batch) -> torch.Tensor:
        encoded = encode_batch(backbone, batch)
        text = invert(backbone, encoded, batch.instance_id, profile)

        def velocity(instances, target, time, noise):
            return edit_velocity(backbone, instances, instances.source, target, time, text, noise)

        return sample_encoded(backbone, velocity, encoded, batch.instance_id, profile, NAME)

    return recover
