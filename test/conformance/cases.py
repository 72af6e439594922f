"""What a case of test/conformance/run is made of.

A module cases_PART.py has `cases()`, which yields (name, part, implementation, place): `place()` is a context manager whose
object has `arguments` (options and addresses for build/conformance) and `fault(words)`: does it and returns "done", or
"none" where it cannot be had here.
"""


class Embedded:
    """Nothing runs beside the process, so nothing can fail beside it."""

    arguments = ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def fault(self, _words):
        return "none"
