from sppe_lib.world.props import paper_ink  # noqa: F401
