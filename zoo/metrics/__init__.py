"""Metrics that carry their protocol and refuse to be compared across protocols."""

from zoo.metrics.fidelity import PSNR as PSNR
from zoo.metrics.fidelity import SSIM as SSIM
from zoo.metrics.image_metric import ImageMetric as ImageMetric
from zoo.metrics.image_metric import Score as Score
from zoo.metrics.image_metric import compare as compare
from zoo.metrics.perceptual import FeatureDistance as FeatureDistance
