"""Degradations: seeded, batched graph operations that damage images.

Every class is a `Degradation`: `op(images, seed)` draws parameters for each sample and applies
them; `op.draw` and `op.apply` do both halves alone.
"""

from pipelines.degradations.base import Degradation as Degradation
from pipelines.degradations.blur import AnisotropicBlur as AnisotropicBlur
from pipelines.degradations.blur import GaussianBlur as GaussianBlur
from pipelines.degradations.blur import GeneralizedBlur as GeneralizedBlur
from pipelines.degradations.blur import MixedBlur as MixedBlur
from pipelines.degradations.blur import MotionBlur as MotionBlur
from pipelines.degradations.blur import PlateauBlur as PlateauBlur
from pipelines.degradations.blur import SincBlur as SincBlur
from pipelines.degradations.blur import UnsharpMask as UnsharpMask
from pipelines.degradations.color import ColorJitter as ColorJitter
from pipelines.degradations.color import ColorShift as ColorShift
from pipelines.degradations.composition import MarkDamage as MarkDamage
from pipelines.degradations.composition import OneOf as OneOf
from pipelines.degradations.composition import Sequence as Sequence
from pipelines.degradations.compression import JPEG as JPEG
from pipelines.degradations.fading import ColorCast as ColorCast
from pipelines.degradations.fading import Desaturation as Desaturation
from pipelines.degradations.fading import Fading as Fading
from pipelines.degradations.fading import Grayscale as Grayscale
from pipelines.degradations.fading import Sepia as Sepia
from pipelines.degradations.lighting import LowLight as LowLight
from pipelines.degradations.lighting import UnevenLight as UnevenLight
from pipelines.degradations.lighting import Vignette as Vignette
from pipelines.degradations.masks import BorderMask as BorderMask
from pipelines.degradations.masks import BoxMask as BoxMask
from pipelines.degradations.masks import HoleMask as HoleMask
from pipelines.degradations.masks import MixedMask as MixedMask
from pipelines.degradations.masks import StrokeMask as StrokeMask
from pipelines.degradations.noise import Clip as Clip
from pipelines.degradations.noise import FilmGrain as FilmGrain
from pipelines.degradations.noise import GaussianNoise as GaussianNoise
from pipelines.degradations.noise import PoissonNoise as PoissonNoise
from pipelines.degradations.noise import SaltAndPepper as SaltAndPepper
from pipelines.degradations.noise import SpeckleNoise as SpeckleNoise
from pipelines.degradations.resampling import Downsample as Downsample
from pipelines.degradations.resampling import LowResolution as LowResolution
from pipelines.degradations.resampling import Resize as Resize
from pipelines.degradations.resampling import resize as resize
from pipelines.degradations.scratches import Dust as Dust
from pipelines.degradations.scratches import Scratches as Scratches
from pipelines.degradations.wear import Abrasion as Abrasion
from pipelines.degradations.wear import Creases as Creases
from pipelines.degradations.wear import Stains as Stains
from pipelines.degradations.wear import TornEdges as TornEdges
