"""A version to come, as a program: it stores state in a newer format, and reads the present one."""

from stream.agents import acquisition, task_commit
from stream.windows import snapshot

NEXT = snapshot.FORMAT + 1

if __name__ == "__main__":
    reads = snapshot.READS | {NEXT}
    for module in (snapshot, acquisition, task_commit):
        vars(module)["FORMAT"] = NEXT
    for module in (snapshot, acquisition):
        vars(module)["READS"] = reads
    from stream.cli.main import main

    main()
