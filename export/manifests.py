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
    # Labels are known before the versions that they name are loaded.
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
        "readinessProbe": {
            "httpGet": {"path": f"/v1/models/{name}", "port": "rest"},
            "periodSeconds": 5,
        },
        "livenessProbe": {"tcpSocket": {"port": "grpc"}, "periodSeconds": 20},
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
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
    parts += ["## Calls\n", _calls(name, models[name]["record"]["signatures"]), _OPERATION]
    return "\n".join(parts)


def _about(name, facts):
    labels = ", ".join(f"`{label}` is {version}" for label, version in facts["labels"].items())
    lines = [
        f"**`{name}`**: versions {', '.join(map(str, facts['versions']))}; {labels}. "
        f"Computes in {facts['record']['precision']}.\n",
        "| signature | takes | returns |",
        "|---|---|---|",
    ]
    for signature, parts in facts["record"]["signatures"].items():
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
    signature = next((each for each in signatures if each.endswith("_bytes")), "serving_default")
    inputs, outputs = signatures[signature]["inputs"], signatures[signature]["outputs"]
    files = [key for key in inputs if key.endswith("_bytes")]
    output = next(iter(outputs))
    others = {key: _example(each) for key, each in inputs.items() if key not in files}
    rest = ", ".join(
        [f'"{key}": {{"b64": "\'$(base64 -w0 {key.removesuffix("_bytes")}.png)\'"}}'
         for key in files]
        + [f'"{key}": {value}' for key, value in others.items()]
    )  # fmt: skip
    in_python = [f'"{key}": {{"b64": b64("{key.removesuffix("_bytes")}.png")}}' for key in files]
    in_python += [f'"{key}": {value}' for key, value in others.items()]
    in_grpc = [
        f'request.inputs["{key}"].CopyFrom(tf.make_tensor_proto([open("{key.removesuffix("_bytes")}'
        '.png", "rb").read()]))'
        for key in files
    ]
    in_grpc += [
        f'request.inputs["{key}"].CopyFrom(tf.make_tensor_proto([{value}], '
        f'"{inputs[key]["dtype"]}"))'
        for key, value in others.items()
    ]
    return _CALLS.format(
        name=name, signature=signature, rest=rest, python=", ".join(in_python),
        grpc="\n".join(in_grpc), output=output,
        answer="answer" if len(outputs) == 1 else f'answer["{output}"]',
        grpc_port=_GRPC, rest_port=_REST,
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
curl localhost:{rest_port}/v1/models/{name}/labels/stable:predict -d '{{
  "signature_name": "{signature}", "instances": [{{{rest}}}]}}'
```

```python
import base64, requests

b64 = lambda path: base64.b64encode(open(path, "rb").read()).decode()
body = {{"signature_name": "{signature}", "instances": [{{{python}}}]}}
url = "http://localhost:{rest_port}/v1/models/{name}:predict"
reply = requests.post(url, json=body, timeout=60)
reply.raise_for_status()
answer = reply.json()["predictions"][0]
```

```python
import grpc, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

channel = grpc.insecure_channel("localhost:{grpc_port}")
request = predict_pb2.PredictRequest()
request.model_spec.name, request.model_spec.signature_name = "{name}", "{signature}"
{grpc}
reply = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=60)
result = tf.make_ndarray(reply.outputs["{output}"])[0]
```
"""

_OPERATION = """
## Versions

`config/models.config` says which versions are served and what the labels mean. To roll back, set
the `value` of the label `stable` to the earlier version and save: the server reads the file every
ten seconds. Requests to `/labels/stable` follow; requests without a label go to the latest version
that is served. A new version first goes by another label where `label="canary"` is given.

## Batching

Off. `config/batching.config` is for servers to which all clients send images of one size: add
`--enable_batching --batching_parameters_file=/config/batching.config`. Images of several sizes
cannot be put into one batch, and TF-Serving refuses those that meet in one.
"""
