"""What a comparison needs at both ends: the frozen backbone (a floor), and oracles (ceilings of every latent method).

The oracles ask the simulated editor about I itself, so they exist only where it drew the data; they are no methods.
"""

import torch

from sppe_lib.config import Profile
from sppe_lib.data.parquet import open_parquet
from sppe_lib.data.schema import SPLITS, Batch, image_tensor
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.errors import DataError
from sppe_lib.recovery.method import Method, oracle_file
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
    def load(cls, profile: Profile) -> Method:
        """On the autoencoder of the shared backbone."""
        return cls(Backbone(profile.models))

    def pictures(self, batch: Batch) -> torch.Tensor:
        """The pictures [B, 3, H, W] in [0, 1] that it knows."""
        return batch.edited_source

    def recover(self, batch: Batch) -> torch.Tensor:
        """Those pictures, encoded and decoded, [B, 3, H, W] in [0, 1]."""
        return self.backbone.decode(self.backbone.encode(self.pictures(batch))).cpu()


class OracleWords(OracleRealisation):
    """Knows the words only: what the same editor makes of I under another seed, from `oracle_file`."""

    name = "oracle-words"

    @classmethod
    def load(cls, profile: Profile) -> Method:
        """With the pictures of every split that has some. Raises DataError where none has."""
        method = super().load(profile)
        files = [file for split in SPLITS if (file := oracle_file(profile, split)).is_file()]
        if not files:
            raise DataError(
                f"Profile {profile.name} has no second realisations of its edits: only a benchmark that the simulated "
                f"editor drew has an {cls.name}; run 01_benchmark for one."
            )
        method.datasets = [open_parquet(file) for file in files]
        method.rows = {
            name: (dataset, row) for dataset in method.datasets for row, name in enumerate(dataset["instance_id"][:])
        }
        return method

    def pictures(self, batch: Batch) -> torch.Tensor:
        """The second realisations of a batch. Raises DataError for an instance without one."""
        lost = [name for name in batch.instance_id if name not in self.rows]
        if lost:
            raise DataError(f"There is no second realisation of the edit of {lost[0]}: run 01_benchmark again.")
        found = [self.rows[name] for name in batch.instance_id]
        return torch.stack([image_tensor(dataset[row]["edited_again"]) for dataset, row in found])
