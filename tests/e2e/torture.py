# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The long trials, one after the other: every module that plays at random, with other seeds and for longer than in
`make test`; then the model in larger bounds, and all tests in random order. What has passed is written down, so a run
that was ended goes on where it was; a run that went through to the end, or another program, begins anew.

    cd tests && python3 -m e2e.torture                  # as `make torture` does
    python3 -m e2e.torture --seconds 3600               # begins nothing more after an hour
    python3 -m e2e.torture --only crash --seed 7        # one trial with that seed, passed before or not
"""

import argparse
import collections
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CAS", ROOT / "build/asan/cas"))
FACTORS = {"crash": 34, "limits": 2}  # 34: two hundred kills of each kind. 2: not fewer connections than it says
FACTOR = 10


@dataclasses.dataclass
class Trial:
    name: str
    command: list
    runs: int = 3  # each with a seed of its own
    bound: int = 3600  # seconds until a run is given up, which is a fault
    factor: int = 1
    place: pathlib.Path = ROOT


def trials():
    """Modules that know CAS_TORTURE, and what is older than they are."""
    for file in sorted((ROOT / "tests/e2e").glob("test_*.py")):
        if "TORTURE" in file.read_text() and file.name != "test_tools.py":
            name = file.stem.removeprefix("test_")
            yield Trial(name, ["/usr/bin/python3", "-m", "unittest", "-v", f"e2e.{file.stem}"],
                        factor=FACTORS.get(name, FACTOR), place=ROOT / "tests")
    yield Trial("model", ["model/run", "--torture"], runs=1, bound=4 * 3600)
    yield Trial("tests", ["ctest", "--test-dir", "build/asan", "--output-on-failure", "--schedule-random", "-j2"], runs=20)


class Record:
    """What has passed, in a file: the program and the first seed, then a line for each run."""

    def __init__(self, directory, program):
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "passed"
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        if not lines or lines[0].split()[0] != program:
            lines = [f"{program} {random.SystemRandom().randrange(1 << 31)}"]
            self.file.write_text(lines[0] + "\n")
        self.first_seed = int(lines[0].split()[1])
        self.passed = {tuple(line.split()) for line in lines[1:]}

    def add(self, trial, seed):
        self.passed.add((trial.name, str(seed)))
        with open(self.file, "a") as file:
            file.write(f"{trial.name} {seed}\n")

    def has(self, trial, seed):
        return (trial.name, str(seed)) in self.passed

    def close(self):
        self.file.unlink()


def run(trial, seed, log):
    """Whether it passed."""
    environment = dict(os.environ, CAS=str(PROGRAM), CAS_SEED=str(seed), CAS_TORTURE=str(trial.factor),
                       PYTHONDONTWRITEBYTECODE="1")
    if PROGRAM.parent.name == "asan":
        environment.setdefault("CAS_SANITIZE", "address")
    with open(log, "wb") as file:
        process = subprocess.Popen(trial.command, cwd=trial.place, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file, start_new_session=True)
        try:
            return process.wait(trial.bound) == 0
        except subprocess.TimeoutExpired:
            file.write(f"\nnot over after {trial.bound} s\n".encode())
            return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and the servers that it left
            process.wait()


def play(chosen, directory, program, seed=None, seconds=None, say=print):
    """Round by round, so that an hour gives something of everything. The runs that failed."""
    record = Record(directory, program)
    end = time.monotonic() + seconds if seconds else float("inf")
    failed, first = [], record.first_seed if seed is None else seed
    rounds = max(trial.runs for trial in chosen) if seed is None else 1
    for trial, now in ((trial, first + n) for n in range(rounds) for trial in chosen if n < trial.runs):
        if seed is None and record.has(trial, now):
            continue
        if time.monotonic() > end:
            say("the time is over; what has passed is written down")
            return failed
        begun, log = time.monotonic(), directory / f"{trial.name}-{now}.log"
        good = run(trial, now, log)
        say(f"{trial.name:16} seed {now:<10} {'passed' if good else 'FAILED'} {time.monotonic() - begun:6.0f} s  {log}")
        if good:
            record.add(trial, now)
        else:
            failed.append((trial.name, now))
    counts = collections.Counter(name for name, _ in record.passed)
    say(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing passed")
    if all(record.has(trial, first + n) for trial in trials() for n in range(trial.runs)):
        record.close()
    return failed


def main():
    known = list(trials())
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", choices=[trial.name for trial in known], action="append", help="again for more of them")
    parser.add_argument("--seed", type=int, help="one run each, with that seed")
    parser.add_argument("--seconds", type=float, help="begins nothing more after so long")
    options = parser.parse_args()
    if not PROGRAM.exists():
        parser.error(f"{PROGRAM} is not there: make asan, or set CAS")
    chosen = [trial for trial in known if not options.only or trial.name in options.only]
    program = hashlib.sha256(PROGRAM.read_bytes()).hexdigest()[:16]
    failed = play(chosen, ROOT / "build/torture", program, options.seed, options.seconds,
                  lambda line: print(line, flush=True))
    for name, seed in failed:
        print(f"again: cd tests && python3 -m e2e.torture --only {name} --seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
