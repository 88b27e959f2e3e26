"""From a Keras model to what is served: SavedModels for TF-Serving, TFLite files, and the check."""

from export.bundle import move_label as move_label
from export.bundle import serving_bundle as serving_bundle
from export.parity import check as check
from export.record import record as record
from export.report import ParityError as ParityError
from export.report import ParityReport as ParityReport
from export.saved_model import saved_model as saved_model
from export.tflite import tflite as tflite
from export.tflite_diagnosis import lint as lint
from export.tflite_model import TFLiteModel as TFLiteModel
