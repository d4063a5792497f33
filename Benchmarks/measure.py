"""What the benchmarks share: wall and CPU time of a command and all it started, medians, tables."""

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One run. Seconds; CPU is user and system time of the command and every descendant that was waited for."""

    wall: float
    cpu: float
    status: int


def run(argv, log=os.devnull, environment=None):
    """Runs `argv` to its end, both outputs appended to `log`."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, {**os.environ, **(environment or {})}, file_actions=actions)
    try:
        _, status, usage = os.wait4(pid, 0)
    except BaseException:
        # Interrupted: the command goes with us.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise
    return Sample(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status))


def required(argv, log, environment=None):
    """`run`, and its end with exit status 0 is a condition of the benchmark."""
    sample = run(argv, log, environment)
    if sample.status != 0:
        with open(log, encoding="utf-8", errors="replace") as text:
            said = text.read()[-2000:]
        sys.exit(f"benchmark: {' '.join(argv)[:200]} ended with status {sample.status}:\n{said}")
    return sample


def interleaved(cases, rounds):
    """Runs every case once a round, so that what else the machine does hits all of them. {name: [sample]}.

    `cases` is {name: function of the round's number}.
    """
    samples = {name: [] for name in cases}
    for number in range(rounds):
        for name, case in cases.items():
            samples[name].append(case(number))
    return samples


def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def ms(seconds):
    return f"{seconds * 1000:.1f}"


def times(samples):
    """Median, least and greatest wall time and median CPU time, in ms, as cells."""
    walls = [sample.wall for sample in samples]
    return [ms(statistics.median(walls)), ms(min(walls)), ms(max(walls)), ms(median(samples, "cpu"))]


TIMES = ["wall ms", "min", "max", "CPU ms"]


def table(title, heads, rows):
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    print(f"\n{title}\n")
    for row in [heads, ["-" * width for width in widths], *rows]:
        cells = [cell.ljust(width) if column == 0 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |", flush=True)


@contextlib.contextmanager
def scratch():
    """A directory that goes when the benchmark ends. Short, as paths of ssh's sockets must be."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    with tempfile.TemporaryDirectory(prefix="canary-bench-", ignore_cleanup_errors=True) as path:
        yield path


def binary():
    """The canary to measure: the first argument."""
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} CANARY_BINARY")
    return os.path.abspath(sys.argv[1])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        models = [line.split(":", 1)[1].strip() for line in text if line.startswith("model name")]
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs ({models[0] if models else 'unknown'}), " \
           f"load {os.getloadavg()[0]:.1f}"
