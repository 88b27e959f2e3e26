"""Status and metadata of models, by gRPC and by REST."""

import grpc
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


def status_request(name, **version):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if "version" in version:
        request.model_spec.version.value = version["version"]
    return request


def test_grpc_status(client):
    reply = client.models.GetModelStatus(status_request("dim"), timeout=10)
    states = {each.version: each.state for each in reply.model_version_status}
    assert states == {1: AVAILABLE, 2: AVAILABLE}
    reply = client.models.GetModelStatus(status_request("dim", version=1), timeout=10)
    assert [each.version for each in reply.model_version_status] == [1]
    for wrong in (status_request("nothing"), status_request("dim", version=9)):
        with pytest.raises(grpc.RpcError) as caught:
            client.models.GetModelStatus(wrong, timeout=10)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_rest_status(client):
    entries = client.rest.get("/v1/models/dim").json()["model_version_status"]
    assert sorted(each["version"] for each in entries) == ["1", "2"]
    for entry in entries:
        assert entry["state"] == "AVAILABLE"
        assert entry["status"] == {"error_code": "OK", "error_message": ""}
    for path in ("/versions/2", "/labels/canary"):
        (entry,) = client.rest.get(f"/v1/models/dim{path}").json()["model_version_status"]
        assert entry["version"] == "2"
    assert client.rest.get("/v1/models/nothing").status_code == 404


def test_grpc_metadata(client):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "mean"
    reply = client.prediction.GetModelMetadata(request, timeout=10)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "edit_bytes"} <= set(signatures.signature_def)
    assert set(signatures.signature_def["serving_default"].inputs) == {"images", "styles"}
    assert reply.model_spec.version.value == 1
    request.metadata_field[:] = ["nothing"]
    with pytest.raises(grpc.RpcError) as caught:
        client.prediction.GetModelMetadata(request, timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_rest_metadata(client):
    reply = client.rest.get("/v1/models/dim/versions/1/metadata").json()
    assert reply["model_spec"]["name"] == "dim"
    assert reply["model_spec"]["version"] == "1"
    signature = reply["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["images"]["dtype"] == "DT_FLOAT"
    sizes = [each["size"] for each in signature["inputs"]["images"]["tensor_shape"]["dim"]]
    assert sizes == ["-1", "-1", "-1", "3"]


def test_metrics(client):
    client.rest.post("/v1/models/dim:predict", json={})
    text = client.rest.get("/monitoring/prometheus/metrics").text
    assert ":tensorflow:serving:request_count{" in text
    assert ":tensorflow:serving:request_latency_bucket{" in text
