from sppe_lib.world.props import PLATE_PLACE, SMALL_CAR_PLATE_PLACE  # noqa: F401
