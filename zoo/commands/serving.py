"""`zoo serve`: exported models by gRPC and REST."""

import logging


def serve(directory, host, grpc_port, rest_port, batching=False, concurrency=1):
    """Serve until SIGINT or SIGTERM.

    Args:
        directory: As of `export.serve.Server`, like all that follows.
        host: String.
        grpc_port: Integer.
        rest_port: Integer.
        batching: Bool.
        concurrency: Integer.

    Raises:
        ValueError: If what serving needs is not installed, or there is nothing to serve.
    """
    try:
        from export.serve import Server
    except ImportError as error:
        raise ValueError(
            f"`zoo serve` needs more: pip install 'keras-gan-zoo[serving]'. Missing: {error.name}"
        ) from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    server = Server(directory, host, grpc_port, rest_port, batching, concurrency).start()
    models = ", ".join(
        f"{name} ({', '.join(map(str, model.versions))})"
        for name, model in server.store.models.items()
    )
    print(f"{models}: gRPC at {server.grpc_address}, REST at {server.rest_address}", flush=True)
    server.wait()
