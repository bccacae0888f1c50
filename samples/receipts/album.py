"""The album: each ticket with the camera it is taken by, from nearly flat to skewed, shaded and noisy."""

from random import Random

import numpy as np

from samples.receipts import errands, meals
from samples.receipts.photograph import Camera, photograph
from samples.sample import Rendered

_TICKETS = {
    "lunch": (meals.compose_lunch, Camera(1.4, 0.010, 0.30, 0.15, 5, 0.7, 82)),
    "dinner": (meals.compose_dinner, Camera(-2.2, 0.018, 0.42, 0.05, 6, 0.8, 80)),
    "taxi": (errands.compose_taxi, Camera(2.8, 0.015, 0.35, 0.10, 7, 0.8, 74)),
    "stationery": (errands.compose_stationery, Camera(-1.1, 0.022, 0.38, 0.10, 6, 0.7, 78)),
    "parking": (errands.compose_parking, Camera(3.2, 0.012, 0.45, 0.20, 8, 0.9, 70)),
    "cafe": (errands.compose_cafe, Camera(0.9, 0.008, 0.25, 0.08, 5, 0.7, 84)),
}

NAMES = tuple(_TICKETS)


def take(name: str, numbers: Random, noise: np.random.Generator) -> Rendered:
    """Photograph the ticket called `name` (one of NAMES); the content is JPEG, the facts are those printed on it."""
    compose, camera = _TICKETS[name]
    ticket = compose(numbers)
    return Rendered(photograph(ticket.content, camera, noise), ticket.facts)
