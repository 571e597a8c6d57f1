"""The things of the vector world: importing this module registers all their drawers."""

from sppe_lib.world import draw, overlays, people, things, writing  # noqa: F401
