from sppe_lib.world.props import LANDMARKS  # noqa: F401
