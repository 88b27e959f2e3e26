"""Layers that the zoo's networks share; each trains, saves, exports and converts to TFLite."""

from zoo.layers.equalized import ScaledConv as ScaledConv
from zoo.layers.equalized import ScaledDense as ScaledDense
from zoo.layers.filtering import FIRDown as FIRDown
from zoo.layers.filtering import FIRUp as FIRUp
from zoo.layers.minibatch import MinibatchDeviation as MinibatchDeviation
from zoo.layers.modulation import ModulatedConv as ModulatedConv
from zoo.layers.modulation import StyledConv as StyledConv
from zoo.layers.noise import Dropout as Dropout
from zoo.layers.normalization import BatchNorm as BatchNorm
from zoo.layers.normalization import InstanceNorm as InstanceNorm
from zoo.layers.resampling import CropLike as CropLike
from zoo.layers.resampling import PixelShuffle as PixelShuffle
from zoo.layers.resampling import PixelUnshuffle as PixelUnshuffle
from zoo.layers.resampling import Resize as Resize
