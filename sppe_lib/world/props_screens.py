from sppe_lib.world.props import CONTENTS  # noqa: F401
