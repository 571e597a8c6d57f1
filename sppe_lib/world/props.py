"""Every drawer of the vector world: importing this module registers them all."""

from sppe_lib.world import (  # noqa: F401
    overlays,
    people,
    props_cards,
    props_carriers,
    props_documents,
    props_landmarks,
    props_objects,
    props_papers,
    props_pictures,
    props_screens,
    props_vehicles,
    props_writing,
)
