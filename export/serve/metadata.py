"""What is known of models and versions, in TF-Serving's messages."""

from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from export.serve.store import AVAILABLE, END, LOADING, START, UNLOADING

_STATES = get_model_status_pb2.ModelVersionStatus
_BY_NAME = {
    START: _STATES.START,
    LOADING: _STATES.LOADING,
    AVAILABLE: _STATES.AVAILABLE,
    UNLOADING: _STATES.UNLOADING,
    END: _STATES.END,
}
_UNKNOWN = 2  # google.rpc.Code


def status(model, number=None, label=None):
    """Return the `GetModelStatusResponse` of a model, or of one version.

    Args:
        model: `export.serve.store.Model`.
        number: Integer, or `None` for all.
        label: Label of a version, or `None`.

    Raises:
        RequestError: If there is no such version.
    """
    if label is not None:
        versions = [model.find(label=label)]
    elif number is not None and number not in model.versions:
        versions = [model.find(number)]
    else:
        versions = [each for each in model.versions.values() if number in (None, each.number)]
    response = get_model_status_pb2.GetModelStatusResponse()
    for version in sorted(versions, key=lambda each: -each.number):
        entry = response.model_version_status.add(
            version=version.number, state=_BY_NAME[version.state]
        )
        entry.status.SetInParent()  # shown also where all is well
        if version.error:
            entry.status.error_code, entry.status.error_message = _UNKNOWN, version.error
    return response


def metadata(model, version):
    """Return the `GetModelMetadataResponse` of a version: its signatures.

    Args:
        model: `export.serve.store.Model`.
        version: `export.serve.store.Version`.
    """
    saved = saved_model_pb2.SavedModel.FromString((version.path / "saved_model.pb").read_bytes())
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in saved.meta_graphs[0].signature_def.items():
        signatures.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = model.name
    response.model_spec.version.value = version.number
    response.metadata["signature_def"].Pack(signatures)
    return response
