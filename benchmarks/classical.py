"""What people use without a network, on OpenCV: floats `(1, H, W, 3)` in [-1, 1] in and out."""

import cv2
import numpy as np

import pipelines


def median(image):
    """The median of 3 x 3 pixels."""
    return cv2.medianBlur(image, 3)


def inpaint_scratches(image):
    """Telea's inpainting of thin bright and dark lines and spots.

    The usual detector: what a morphological opening or closing removes from the brightness, here
    more than 40 levels after a median that hides noise, in connected areas of at least 15 pixels,
    grown by a pixel.
    """
    gray = cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 3)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    bright = cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel)
    dark = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel)
    mask = (np.maximum(bright, dark) > 40).astype(np.uint8)
    _, labels, areas, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = areas[:, cv2.CC_STAT_AREA] >= 15
    large[0] = False  # the background
    mask = cv2.dilate(large[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)


def non_local_means(image):
    """OpenCV's fast non-local means for colour, at the strength of its documentation's example."""
    return cv2.fastNlMeansDenoisingColored(image, None, 10, 10, 7, 21)


def on_floats(method):
    """Wrap a function of uint8 images."""

    def run(images):
        levels = pipelines.to_uint8(images[0])
        return pipelines.to_float(method(levels))[None]

    return run


#: Name -> function.
METHODS = {
    "median 3x3 (OpenCV)": on_floats(median),
    "top-hat mask + Telea (OpenCV)": on_floats(inpaint_scratches),
    "non-local means (OpenCV)": on_floats(non_local_means),
}
