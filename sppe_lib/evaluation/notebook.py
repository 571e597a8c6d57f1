"""How notebooks show a figure that is already written: the file itself, so nothing is drawn twice."""

from IPython.display import Image

from sppe_lib.config import Profile
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation.figures import FIGURES


def show(profile: Profile, name: str) -> Image:
    """The PNG of a figure of this profile, for display. Raises for unknown names and for figures not written yet."""
    if name not in FIGURES:
        raise ConfigError(f"Unknown figure {name!r}: use one of {', '.join(FIGURES)}.")
    path = profile.figures / f"{name}.png"
    if not path.is_file():
        raise DataError(f"{name}.png of profile {profile.name} is not written yet: run 06_figures.")
    return Image(filename=str(path))
