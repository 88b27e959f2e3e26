"""Clients of TF-Serving and of `zoo serve`: by REST or gRPC, blocking or with asyncio."""

from export.client.clients import AsyncGrpcClient as AsyncGrpcClient
from export.client.clients import AsyncRestClient as AsyncRestClient
from export.client.clients import GrpcClient as GrpcClient
from export.client.clients import RestClient as RestClient
from export.client.clients import connect as connect
from export.client.errors import ServingError as ServingError
from export.client.remote import RemoteModel as RemoteModel
