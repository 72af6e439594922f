"""Where the tests of the registry are run."""
from cases import Embedded


def cases():
    yield "registry in the process", "registry", "embedded", Embedded
