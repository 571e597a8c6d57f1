"""What a comparison needs at both ends: the frozen backbone (a floor), and oracles (ceilings of every latent method).

The oracles ask the simulated editor about I itself, so they exist only where it drew the data; they are no methods.
"""

from typing import Self

import torch
from datasets import Dataset

from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS, Batch, image_tensor, open_oracle, oracle_file
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.errors import DataError
from sppe_lib.recovery.method import Method
from sppe_lib.recovery.trained import TrainedMethod


class Frozen(TrainedMethod):
    """The backbone as it was pretrained, on the grid of a recovery, told by the instruction: no LoRA, no modules."""

    name = "frozen"

    @classmethod
    def load(cls, profile, folder=None):
        """There is nothing to load."""
        return cls.of(profile)


class OracleRealisation(Method):
    """Knows what the editor made of I: the reference I' itself, which it reads on purpose, through the autoencoder."""

    name = "oracle-realisation"

    def __init__(self, backbone: Backbone):
        self.backbone = backbone

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """On the autoencoder of the shared backbone."""
        return cls(Backbone(profile.models))

    def pictures(self, batch: Batch) -> torch.Tensor:
        """The pictures [B, 3, H, W] in [0, 1] that it knows."""
        return batch.edited_source

    def recover(self, batch: Batch) -> torch.Tensor:
        """Those pictures, encoded and decoded, [B, 3, H, W] in [0, 1]."""
        return self.backbone.decode(self.backbone.encode(self.pictures(batch))).cpu()


class OracleWords(OracleRealisation):
    """Knows the words only: what the same editor makes of I under another seed (`schema.open_oracle`)."""

    name = "oracle-words"

    def __init__(self, backbone: Backbone, second: dict[str, tuple[Dataset, int]]):
        """`second`: instance -> where its second edit is."""
        super().__init__(backbone)
        self.second = second

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """With the second edits of every split. Raises DataError where no split has any."""
        folder = profile.results / "benchmark"
        splits = [split for split in SPLITS if oracle_file(folder, split).is_file()] or SPLITS[-1:]
        stored = [open_oracle(folder, split) for split in splits]
        second = {name: (data, row) for data in stored for row, name in enumerate(data["instance_id"][:])}
        return cls(Backbone(profile.models), second)

    def pictures(self, batch: Batch) -> torch.Tensor:
        """The second edits of a batch. Raises DataError for an instance that has none."""
        if lost := [name for name in batch.instance_id if name not in self.second]:
            raise DataError(f"{lost[0]} has no second edit, so there is no {self.name} of it: leave it out.")
        found = [self.second[name] for name in batch.instance_id]
        return torch.stack([image_tensor(dataset[row]["edited_again"]) for dataset, row in found])
