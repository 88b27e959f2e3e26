"""Files of a bundle for Docker, Kubernetes and people, all from the same facts."""

import yaml

from export.serving_config import METRICS_PATH

_IMAGES = {"cpu": "tensorflow/serving:latest", "gpu": "tensorflow/serving:latest-gpu"}
_GRPC, _REST = 8500, 8501
_ARGUMENTS = [
    "--model_config_file=/config/models.config",
    # Edits of the file, a moved label for instance, are seen without a restart.
    "--model_config_file_poll_wait_seconds=10",
    "--monitoring_config_file=/config/monitoring.config",
    "--rest_api_timeout_in_ms=120000",
    # At the start labels are read before the versions that they mean are loaded.
    "--allow_version_labels_for_unavailable_models=true",
]
_LABELS = {"app": "zoo-serving"}


def files(models):
    """Return the files: dict of path in the bundle to text.

    Args:
        models: Dict of name to dict with `versions`, `labels` and the `record` of the latest one.
    """
    return {
        "docker-compose.yml": _yaml(_compose()),
        "Dockerfile": _DOCKERFILE,
        "kubernetes/deployment.yaml": _yaml(_deployment(next(iter(models)))),
        "kubernetes/service.yaml": _yaml(_service()),
        "kubernetes/autoscaler.yaml": _yaml(_autoscaler()),
        "README.md": _readme(models),
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        """Write what occurs twice twice: people read these files."""
        return True


def _yaml(contents):
    return yaml.dump(contents, Dumper=_Dumper, sort_keys=False, width=100)


def _compose():
    def server(profile):
        facts = {
            "image": _IMAGES[profile],
            "profiles": [profile],
            "ports": [f"127.0.0.1:{port}:{port}" for port in (_GRPC, _REST)],
            "volumes": ["./models:/models:ro", "./config:/config:ro"],
            "command": _ARGUMENTS,
            "restart": "unless-stopped",
        }
        if profile == "gpu":
            device = {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
            facts["deploy"] = {"resources": {"reservations": {"devices": [device]}}}
        return facts

    return {"services": {f"serving-{profile}": server(profile) for profile in _IMAGES}}


_DOCKERFILE = f"""\
# The models inside of the image, for a registry: docker build -t serving . && docker run serving
FROM {_IMAGES["cpu"]}
COPY models /models
COPY config /config
ENTRYPOINT ["tensorflow_model_server", "--port={_GRPC}", "--rest_api_port={_REST}"]
CMD {str(_ARGUMENTS).replace("'", '"')}
"""


def _deployment(name):
    container = {
        "name": "serving",
        "image": "zoo-serving:latest",
        "args": _ARGUMENTS,
        "ports": [
            {"name": "grpc", "containerPort": _GRPC},
            {"name": "rest", "containerPort": _REST},
        ],
        # No port is open before all versions are loaded and warmed up.
        "startupProbe": {
            "tcpSocket": {"port": "grpc"},
            "periodSeconds": 10,
            "failureThreshold": 60,
        },
        "readinessProbe": {
            "httpGet": {"path": f"/v1/models/{name}", "port": "rest"},
            "periodSeconds": 5,
        },
        "livenessProbe": {"tcpSocket": {"port": "grpc"}, "periodSeconds": 20},
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "8Gi"}},
    }
    annotations = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(_REST),
        "prometheus.io/path": METRICS_PATH,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "zoo-serving", "labels": _LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": dict(_LABELS), "annotations": annotations},
                "spec": {"containers": [container]},
            },
        },
    }


def _service():
    ports = [
        {"name": "grpc", "port": _GRPC, "targetPort": "grpc"},
        {"name": "rest", "port": _REST, "targetPort": "rest"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "zoo-serving", "labels": _LABELS},
        "spec": {"selector": dict(_LABELS), "ports": ports},
    }


def _autoscaler():
    target = {"type": "Utilization", "averageUtilization": 75}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "zoo-serving", "labels": _LABELS},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "zoo-serving",
            },
            "minReplicas": 1,
            "maxReplicas": 4,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _readme(models):
    parts = [_START, "## Models\n", *(_about(name, facts) for name, facts in models.items())]
    name = next(iter(models))
    parts += ["## Calls\n", _calls(name, models[name]["record"].get("signatures", {})), _OPERATION]
    return "\n".join(parts)


def _about(name, facts):
    labels = ", ".join(
        f"`{label}` is {version}" for label, version in sorted(facts["labels"].items())
    )
    lines = [
        f"**`{name}`**: versions {', '.join(map(str, facts['versions']))}; {labels}. "
        f"Computes in {facts['record']['precision']}.\n",
        "| signature | takes | returns |",
        "|---|---|---|",
    ]
    for signature, parts in facts["record"].get("signatures", {}).items():
        cells = [
            ", ".join(
                f"`{key}` {each['dtype']} ({', '.join(_side(x) for x in each['shape'])})"
                for key, each in parts[part].items()
            )
            for part in ("inputs", "outputs")
        ]
        lines.append(f"| `{signature}` | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, ""])


def _side(size):
    return "any" if size is None else str(size)


def _calls(name, signatures):
    """Examples for the signature on files, or where there is none, for the default one."""
    if not signatures:  # of a version that was exported before they were noted
        return ""
    signature = next((each for each in signatures if each.endswith("_bytes")), "serving_default")
    inputs, outputs = signatures[signature]["inputs"], signatures[signature]["outputs"]
    output = next(iter(outputs))
    rest, remote = [], []
    for key, each in inputs.items():
        file, value = f"{key.removesuffix('_bytes')}.png", _example(each)
        if key.endswith("_bytes"):
            rest.append(f'"{key}": {{"b64": b64("{file}")}}')
            value = f'open("{file}", "rb").read()'
        else:
            rest.append(f'"{key}": {value}')
        tensor = f'tf.make_tensor_proto([{value}], "{each["dtype"]}")'
        remote.append(f'request.inputs["{key}"].CopyFrom({tensor})')
    is_file = output.endswith("_bytes")
    answer = 'reply.json()["predictions"][0]' + f'["{output}"]' * (len(outputs) > 1)
    return _CALLS.format(
        name=name, signature=signature, rest=",\n    ".join(rest), remote="\n".join(remote),
        answer=f'open("result.png", "wb").write(base64.b64decode({answer}["b64"]))' if is_file
        else f"result = {answer}",
        result='open("result.png", "wb").write(result)' if is_file else "print(result.shape)",
        output=output, grpc_port=_GRPC, rest_port=_REST,
    )  # fmt: skip


def _example(each):
    """A value of an input that is no file, as JSON."""
    if each["dtype"] == "string":
        return '"a darker photo"'
    sides = [1 if side is None else side for side in each["shape"][1:]]
    value = "0" if each["dtype"].startswith("int") else "0.0"
    for side in reversed(sides):
        value = f"[{', '.join([value] * side)}]"
    return value


_START = f"""\
# Models for TF-Serving

Written by keras-gan-zoo; made anew whenever a version is added.

```sh
docker compose --profile cpu up        # or: --profile gpu, with the NVIDIA container toolkit
```

gRPC answers on port {_GRPC}, REST on {_REST}, where `{METRICS_PATH}` has metrics
for Prometheus. Both ports are bound to this machine; put a proxy with TLS and authentication in
front of them before others may call. The image is `latest`: pin the tag that you have tested. For
Kubernetes, build the `Dockerfile` (the models become part of the image), push it, set `image` in
`kubernetes/deployment.yaml`, and `kubectl apply -f kubernetes/`.
"""

_CALLS = """\
```sh
curl localhost:{rest_port}/v1/models/{name}            # which versions are ready
curl localhost:{rest_port}/v1/models/{name}/metadata   # signatures
curl -d @request.json localhost:{rest_port}/v1/models/{name}/labels/stable:predict
```

```python
import base64, json, requests

b64 = lambda path: base64.b64encode(open(path, "rb").read()).decode()
example = {{
    {rest}
}}
body = {{"signature_name": "{signature}", "instances": [example]}}
json.dump(body, open("request.json", "w"))
url = "http://localhost:{rest_port}/v1/models/{name}/labels/stable:predict"
reply = requests.post(url, json=body, timeout=120)
reply.raise_for_status()
{answer}
```

```python
import grpc, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

# Answers of more than 4 MB are refused by clients that do not ask for them.
options = [("grpc.max_receive_message_length", -1)]
channel = grpc.insecure_channel("localhost:{grpc_port}", options)
request = predict_pb2.PredictRequest()
request.model_spec.name, request.model_spec.signature_name = "{name}", "{signature}"
request.model_spec.version_label = "stable"
{remote}
reply = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=120)
result = tf.make_ndarray(reply.outputs["{output}"])[0]
{result}
```
"""

_OPERATION = """
## Versions

`config/models.config` says which versions are served and what the labels mean; the server reads it
every ten seconds. A new version (`export.serving_bundle`) is loaded beside the others and gets
requests that name its number, or no version at all. When
`/v1/models/NAME/versions/VERSION` says `AVAILABLE`, release it:
`export.move_label(DIRECTORY, NAME, "stable", VERSION)`. To roll back, move the label to the earlier
version in the same way, or by editing its `value`. TF-Serving refuses the whole file if a label is
moved to a version that it has not loaded. In Kubernetes the file is part of the image: build and
roll out a new one, or mount `config/` from a ConfigMap.

## oneDNN

TensorFlow 2.21 with its oneDNN kernels (on by default on x86) was seen to die of a segmentation
fault when threads computed images of several sizes at the same time. If TF-Serving does so under
load, set `TF_ENABLE_ONEDNN_OPTS=0` in its environment; float32 was as fast without.

## Batching

Off. `config/batching.config` is for servers to which all clients send images of one size: add
`--enable_batching --batching_parameters_file=/config/batching.config`. Images of several sizes
cannot be put into one batch, and TF-Serving refuses those that meet in one.
"""
