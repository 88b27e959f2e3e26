"""The files that tell TF-Serving what to serve, how to batch and where its metrics are.

`models.config` is written by TF-Serving's own proto. The protos of the other two are not part of
tensorflow-serving-api; the fields that are used are declared here as TF-Serving declares them, so
that these files too are written, and checked, by protobuf.
"""

import functools

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

_INT64 = ".google.protobuf.Int64Value"
#: Where TF-Serving answers with its metrics.
METRICS_PATH = "/monitoring/prometheus/metrics"


def require_protos():
    """Return TF-Serving's module of `ModelServerConfig`.

    Raises:
        ImportError: If tensorflow-serving-api or PyYAML is not installed.
    """
    require_manifests()
    from tensorflow_serving.config import model_server_config_pb2

    return model_server_config_pb2


def require_manifests():
    """Return `export.manifests`.

    Raises:
        ImportError: As of `require_protos`.
    """
    try:
        import tensorflow_serving.config  # noqa: F401

        from export import manifests
    except ImportError as error:
        raise ImportError(
            "A bundle is written with TF-Serving's protos and PyYAML: "
            "pip install 'keras-gan-zoo[serving]'"
        ) from error
    return manifests


def models_config(models):
    """Return the text of `models.config`.

    Args:
        models: Dict of name to dict with `base_path`, where the server finds the versions;
            `versions`, the numbers to serve, or `None` for the latest; and `labels`, dict of label
            to version.

    Returns:
        Text of a `ModelServerConfig`.
    """
    config = require_protos().ModelServerConfig()
    for name, facts in models.items():
        entry = config.model_config_list.config.add()
        entry.name, entry.base_path = name, facts["base_path"]
        entry.model_platform = "tensorflow"
        if facts.get("versions"):
            entry.model_version_policy.specific.versions.extend(facts["versions"])
        else:
            entry.model_version_policy.latest.num_versions = 1
        for label, version in facts.get("labels", {}).items():
            entry.version_labels[label] = version
    return text_format.MessageToString(config)


def batching_config(max_batch_size=8, timeout_micros=5000, threads=2, queue=100):
    """Return the text of `batching.config`.

    Args:
        max_batch_size: Integer, images of one size that are run together. Defaults to 8.
        timeout_micros: Integer, how long the first of them waits. Defaults to 5,000.
        threads: Integer, batches that are run at the same time. Defaults to 2.
        queue: Integer, batches that may wait; more are refused. Defaults to 100.

    Returns:
        Text of a `BatchingParameters`.
    """
    message = _message("BatchingParameters")
    message.max_batch_size.value = max_batch_size
    message.batch_timeout_micros.value = timeout_micros
    message.num_batch_threads.value = threads
    message.max_enqueued_batches.value = queue
    return text_format.MessageToString(message)


def monitoring_config():
    """Return the text of `monitoring.config`: metrics for Prometheus."""
    message = _message("MonitoringConfig")
    message.prometheus_config.enable = True
    message.prometheus_config.path = METRICS_PATH
    return text_format.MessageToString(message)


def parse(text, kind):
    """Read a text as TF-Serving does.

    Args:
        text: What one of the functions above returned.
        kind: `"BatchingParameters"` or `"MonitoringConfig"`.

    Raises:
        google.protobuf.text_format.ParseError: If it is none.
    """
    return text_format.Parse(text, _message(kind))


def _message(kind):
    return message_factory.GetMessageClass(
        _pool().FindMessageTypeByName(f"tensorflow.serving.{kind}")
    )()


@functools.cache
def _pool():
    """The messages of session_bundle_config.proto and monitoring_config.proto that are used."""
    pool = descriptor_pool.DescriptorPool()
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.Add(wrappers)
    file = descriptor_pb2.FileDescriptorProto(
        name="zoo_serving.proto",
        package="tensorflow.serving",
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )
    # Numbers of fields are those of TF-Serving's files, though the text format has none.
    _declare(file, "BatchingParameters", [
        ("max_batch_size", 1, _INT64), ("batch_timeout_micros", 2, _INT64),
        ("max_enqueued_batches", 3, _INT64), ("num_batch_threads", 4, _INT64),
        ("pad_variable_length_inputs", 7, "bool"),
    ])  # fmt: skip
    _declare(file, "PrometheusConfig", [("enable", 1, "bool"), ("path", 2, "string")])
    _declare(file, "MonitoringConfig", [
        ("prometheus_config", 1, ".tensorflow.serving.PrometheusConfig"),
    ])  # fmt: skip
    pool.Add(file)
    return pool


def _declare(file, name, fields):
    field = descriptor_pb2.FieldDescriptorProto
    plain = {"bool": field.TYPE_BOOL, "string": field.TYPE_STRING}
    message = file.message_type.add(name=name)
    for field_name, number, kind in fields:
        added = message.field.add(name=field_name, number=number, label=field.LABEL_OPTIONAL)
        if kind in plain:
            added.type = plain[kind]
        else:
            added.type, added.type_name = field.TYPE_MESSAGE, kind
