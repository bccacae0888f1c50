"""Turn a clean page into what a phone camera makes of it: desk, perspective, shadow, faded ink, noise, JPEG blocks.

All randomness comes from the generator passed in, so that the same seed gives the same photograph.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import pypdfium2  # type: ignore[import-untyped] # ships no types
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]

DOTS_PER_POINT = 300 / 72
"""A receipt filling a phone picture shows about 300 dots an inch, the resolution Tesseract is trained for."""


@dataclass(frozen=True, slots=True)
class Camera:
    """How badly the picture was taken.

    Units: `turn` in degrees, `lean` as a fraction of the picture's width, `shadow` and `fade` as fractions of
    brightness, `noise` as standard deviation in grey levels, `blur` as sigma in pixels, `quality` as JPEG quality.
    """

    turn: float
    lean: float
    shadow: float
    fade: float
    noise: float
    blur: float
    quality: int


def rasterise(pdf: bytes) -> Image:
    """Render the first page to grey, shape (height, width)."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=DOTS_PER_POINT, grayscale=True)
        return np.array(bitmap.to_pil(), dtype=np.uint8)
    finally:
        document.close()


def photograph(pdf: bytes, camera: Camera, noise: np.random.Generator) -> bytes:
    """Photograph the first page of `pdf` lying on a desk; returns JPEG bytes."""
    page = rasterise(pdf).astype(np.float32) / 255
    paper = 0.97 - (1 - page) * (1 - camera.fade) * 0.9 - _cloud(page.shape, noise, 90) * 0.05
    desk_size = (int(page.shape[0] * 1.14), int(page.shape[1] * 1.3))
    desk = 0.34 + _cloud(desk_size, noise, 40) * 0.1 + _grain(desk_size, noise)
    placement = _placement(page.shape, desk_size, camera)
    size = (desk_size[1], desk_size[0])
    placed = cv2.warpPerspective(paper, placement, size, flags=cv2.INTER_CUBIC)
    mask = cv2.warpPerspective(np.ones_like(paper), placement, size, flags=cv2.INTER_LINEAR)
    scene = placed * mask + desk * (1 - mask) * (1 - 0.4 * cv2.GaussianBlur(mask, (0, 0), 12))
    scene *= 1 - camera.shadow * _shade(desk_size)
    grain = noise.normal(0, camera.noise / 255, desk_size).astype(np.float32)
    seen = cv2.GaussianBlur(scene, (0, 0), camera.blur) + grain
    warm = np.stack([seen * 0.93, seen * 0.985, seen], axis=2)
    pixels = np.clip(warm * 255, 0, 255).astype(np.uint8)
    encoded, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])
    if not encoded:
        raise RuntimeError(f"OpenCV could not encode a {pixels.shape} picture as JPEG")
    return jpeg.tobytes()


def _placement(page: tuple[int, ...], desk: tuple[int, int], camera: Camera) -> NDArray[np.float64]:
    height, width = page[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    centre = np.array([width / 2, height / 2], dtype=np.float32)
    angle = np.deg2rad(camera.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=np.float32)
    seen = (corners - centre) @ turn.T + np.array([desk[1] / 2, desk[0] / 2], dtype=np.float32)
    seen[0, 0] += camera.lean * width
    seen[1, 0] -= camera.lean * width
    seen[2, 1] -= camera.lean * width / 2
    return np.asarray(cv2.getPerspectiveTransform(corners, seen.astype(np.float32)), dtype=np.float64)


def _cloud(shape: tuple[int, ...], noise: np.random.Generator, scale: int) -> Plane:
    """Make slow random brightness (0..1), one feature about every `scale` pixels: creases and worn wood."""
    height, width = shape[:2]
    coarse = noise.random((height // scale + 2, width // scale + 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _grain(shape: tuple[int, int], noise: np.random.Generator) -> Plane:
    streaks = noise.normal(0, 0.05, (1, shape[1])).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(np.repeat(streaks, shape[0], axis=0), (0, 0), 3), dtype=np.float32)


def _shade(shape: tuple[int, int]) -> Plane:
    """Make the soft shadow of a hand and phone: 1 in one corner, falling to 0 across the diagonal."""
    rows = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, shape[1], dtype=np.float32)[None, :]
    slope = (rows + columns - 0.9) * 5
    return np.asarray(1 / (1 + np.exp(-slope)), dtype=np.float32)
