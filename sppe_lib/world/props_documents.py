from sppe_lib.world.props import EMBLEMS  # noqa: F401
