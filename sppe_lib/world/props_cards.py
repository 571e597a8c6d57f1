from sppe_lib.world.colours import MATERIALS  # noqa: F401
