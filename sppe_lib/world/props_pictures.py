from sppe_lib.world.props import PICTURES  # noqa: F401
