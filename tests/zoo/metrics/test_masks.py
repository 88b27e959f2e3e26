import numpy as np

from zoo.metrics import IoU


def test_mean_over_images_and_empty_masks():
    target, output = np.full((3, 2, 3, 1), -1, "float32"), np.full((3, 2, 3, 1), -1, "float32")
    target[0, 0, :2] = 1  # two pixels
    output[0, 0, 1:] = 0.5  # two others, of which one is right
    output[1, 0, 0] = 1  # nothing was to be found
    iou = IoU()
    iou.update_state(target, output)
    np.testing.assert_allclose(iou.result(), (1 / 3 + 0 + 1) / 3, rtol=1e-6)
    assert "threshold one half" in iou.protocol
    assert IoU.from_config(iou.get_config()).protocol == iou.protocol
