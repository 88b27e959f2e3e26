"""Callbacks for `model.fit(..., callbacks=[...])`."""

from zoo.core.alarm import Alarm as Alarm
from zoo.core.alarm import TrainingAlarm as TrainingAlarm
from zoo.core.callbacks import BestCheckpoint as BestCheckpoint
from zoo.core.callbacks import Checkpoints as Checkpoints
from zoo.core.sampling import SampleGrid as SampleGrid
from zoo.core.sampling import SampleQuality as SampleQuality
from zoo.core.watching import ImageGrid as ImageGrid
from zoo.core.watching import TensorBoard as TensorBoard
