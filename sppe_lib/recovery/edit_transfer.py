"""EditTransfer (arXiv 2503.13327; SPEC §5): a LoRA inpaints the four-panel grid from a templated prompt.

Its idea is in-context learning by example, and nothing else: no mask, no tag, no cycle, no maps. So the
whole target panel is painted, and nothing of it is known beforehand. The released method runs on
FLUX.1-dev; here it runs on the same frozen backbone, data and budget as every method.
"""

from sppe_lib.recovery.grid import grid_velocity, paint_all, recovery_panels
from sppe_lib.recovery.trained import TrainedMethod

TEMPLATE = "below, the same edit: {instruction}"
"""The prompt: the lower row is to show the edit of the upper row."""


class EditTransfer(TrainedMethod):
    """The grid, the prompt and a LoRA."""

    name = "EditTransfer"

    def prompts(self, instruction):
        """The instruction in the template."""
        return [TEMPLATE.format(instruction=instruction)]

    def velocity(self, batch, x_t, t, noise):
        """As `TrainedMethod.velocity`."""
        known, _ = recovery_panels(batch)
        grid = known, paint_all(self.backbone, batch)
        text = self.backbone.text.encode(
            [text for instruction in batch.instruction for text in self.prompts(instruction)]
        )
        return grid_velocity(self.backbone, x_t, t, grid, text, noise, guidance=self.training.guidance)
