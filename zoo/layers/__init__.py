"""Layers that the zoo's networks share; each trains, saves, exports and converts to TFLite."""

from zoo.layers.equalized import ScaledConv as ScaledConv
from zoo.layers.equalized import ScaledDense as ScaledDense
from zoo.layers.filtering import FIRDown as FIRDown
from zoo.layers.filtering import FIRUp as FIRUp
from zoo.layers.masking import Complete as Complete
from zoo.layers.masking import Gate as Gate
from zoo.layers.minibatch import MinibatchDeviation as MinibatchDeviation
from zoo.layers.modulation import ModulatedConv as ModulatedConv
from zoo.layers.modulation import StyledConv as StyledConv
from zoo.layers.noise import Dropout as Dropout
from zoo.layers.noise import GaussianNoise as GaussianNoise
from zoo.layers.normalization import BatchNorm as BatchNorm
from zoo.layers.normalization import InstanceNorm as InstanceNorm
from zoo.layers.position import PixelPositions as PixelPositions
from zoo.layers.position import PositionEncoding as PositionEncoding
from zoo.layers.regions import AssembleRegions as AssembleRegions
from zoo.layers.regions import CropRegions as CropRegions
from zoo.layers.regions import RegionLatents as RegionLatents
from zoo.layers.regions import SplitRegions as SplitRegions
from zoo.layers.regions import StackRegions as StackRegions
from zoo.layers.regions import region_boxes as region_boxes
from zoo.layers.resampling import CropLike as CropLike
from zoo.layers.resampling import PixelShuffle as PixelShuffle
from zoo.layers.resampling import PixelUnshuffle as PixelUnshuffle
from zoo.layers.resampling import Resize as Resize
