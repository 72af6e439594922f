"""Our own hostile messages, in groups; each table has its expectations beside it."""
import hostile_bodies
import hostile_digest
import hostile_framing
import hostile_lines
import hostile_sizes


def groups():
    for module in hostile_lines, hostile_framing, hostile_sizes, hostile_digest, hostile_bodies:
        for name, cases in module.GROUPS:
            yield name, cases()
