"""A server to test: `zoo serve`'s, or the one that ZOO_SERVING names."""

import os

import pytest
import serving_cases

from export.serve import Server


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    """A client of the server."""
    if "ZOO_SERVING" in os.environ:
        yield serving_cases.Client(*os.environ["ZOO_SERVING"].split(","))
        return
    folder = tmp_path_factory.mktemp("served")
    serving_cases.write_models(folder)
    with Server(folder, grpc_port=0, rest_port=0) as server:
        yield serving_cases.Client(server.grpc_address, server.rest_address)
