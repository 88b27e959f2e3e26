"""Images to batches: degraded and clean pairs, or images with or without labels."""

from pipelines import degradations as degradations
from pipelines.aligned import aligned as aligned
from pipelines.array_files import from_idx as from_idx
from pipelines.array_files import from_npz as from_npz
from pipelines.arrays import from_arrays as from_arrays
from pipelines.attributes import attributed as attributed
from pipelines.attributes import read_attributes as read_attributes
from pipelines.contact_sheet import contact_sheet as contact_sheet
from pipelines.folders import from_folder as from_folder
from pipelines.images import ImageSource as ImageSource
from pipelines.labelled import labelled as labelled
from pipelines.labelled import unlabelled as unlabelled
from pipelines.paired import paired as paired
from pipelines.partly_labelled import partly_labelled as partly_labelled
from pipelines.recipes import Recipe as Recipe
from pipelines.recipes import list_recipes as list_recipes
from pipelines.recipes import recipe as recipe
from pipelines.sample import sample as sample
from pipelines.shards import from_tfrecord as from_tfrecord
from pipelines.shards import write_tfrecord as write_tfrecord
from pipelines.sources import from_source as from_source
from pipelines.tfds import from_tfds as from_tfds
from pipelines.unpaired import unpaired as unpaired
