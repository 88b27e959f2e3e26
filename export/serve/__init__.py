"""`zoo serve`: what was exported, served with the wire contract of TF-Serving, without Docker."""

from export.serve.server import Limits as Limits
from export.serve.server import Server as Server
