from sppe_lib.world.props import FRUITS  # noqa: F401
