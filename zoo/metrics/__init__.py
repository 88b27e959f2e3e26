"""Metrics that carry their protocol and refuse to be compared across protocols."""

from zoo.metrics.distribution import Manifold as Manifold
from zoo.metrics.distribution import Moments as Moments
from zoo.metrics.distribution import class_score as class_score
from zoo.metrics.distribution import frechet_distance as frechet_distance
from zoo.metrics.distribution import kernel_distance as kernel_distance
from zoo.metrics.distribution import manifold as manifold
from zoo.metrics.distribution import mode_coverage as mode_coverage
from zoo.metrics.embedding import Embedded as Embedded
from zoo.metrics.embedding import Embedding as Embedding
from zoo.metrics.fidelity import PSNR as PSNR
from zoo.metrics.fidelity import SSIM as SSIM
from zoo.metrics.image_metric import ImageMetric as ImageMetric
from zoo.metrics.image_metric import Score as Score
from zoo.metrics.image_metric import compare as compare
from zoo.metrics.masks import IoU as IoU
from zoo.metrics.perceptual import FeatureDistance as FeatureDistance
from zoo.metrics.samples import classifier_score as classifier_score
from zoo.metrics.samples import sample_scores as sample_scores
