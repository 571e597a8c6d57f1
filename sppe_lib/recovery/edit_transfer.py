"""EditTransfer (arXiv 2503.13327): a LoRA inpaints the four-panel grid from a templated prompt.

In-context learning by example, and nothing else. The released method runs on FLUX.1-dev; here it has the same frozen
backbone, data and budget as every method.
"""

from sppe_lib.recovery.trained import TrainedMethod

TEMPLATE = "below, the same edit: {instruction}"
"""The prompt: the lower row is to show the edit of the upper row."""


class EditTransfer(TrainedMethod):
    """The grid, the prompt and a LoRA."""

    name = "EditTransfer"

    def prompts(self, instruction):
        """The instruction in the template."""
        return [TEMPLATE.format(instruction=instruction)]
