"""A few hundred requests that nobody meant; `tests/serving_fuzz.py` sends more."""

import pytest

pytest.importorskip("hypothesis")
import serving_cases
from serving_fuzz import Fuzzer

from export.serve import Server


@pytest.mark.parametrize("batching", [False, True])
def test_server_survives(tmp_path, batching):
    serving_cases.write_models(tmp_path)
    with Server(tmp_path, grpc_port=0, rest_port=0, batching=batching) as server:
        fuzzer = Fuzzer(serving_cases.Client(server.grpc_address, server.rest_address))
        fuzzer.run(100, seed=0)
        assert fuzzer.well()
    assert fuzzer.answers["REST 400"] > 20
    assert fuzzer.answers["REST 200"] > 0
    assert fuzzer.answers["gRPC INVALID_ARGUMENT"] > 10
