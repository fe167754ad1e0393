# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of a test's own, on a Unix socket alone, as an ordinary user."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from .harness import BOUND, poll


def programs():
    """The folder of initdb and postgres; None where there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return pathlib.Path(found[-1]).parent if found else shutil.which("postgres") and pathlib.Path(shutil.which("postgres")).parent


class Postgresql:
    def __init__(self):
        self.bin = programs()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cas-pg-"))
        self.user = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to be
            who = pwd.getpwnam("postgres")
            os.chown(self.directory, who.pw_uid, who.pw_gid)
            self.user = dict(user=who.pw_uid, group=who.pw_gid, extra_groups=[])
        self.data = self.directory / "data"
        self.process = None
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "cas", "--no-sync", "--no-locale", "-E", "UTF8")

    def run(self, program, *arguments, stdin=None):
        done = subprocess.run([self.bin / program, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              timeout=BOUND, cwd=self.directory, **self.user)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    @property
    def url(self):
        return f"postgresql://cas@/postgres?host={self.directory}"

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([self.bin / "postgres", "-D", self.data, "-k", self.directory, "-h", "", "-F"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                                            **self.user)
        poll(lambda: subprocess.run([self.bin / "pg_isready", "-q", "-h", self.directory], check=False).returncode == 0,
             "PostgreSQL answers")
        return self

    def sql(self, text):
        return self.run("psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "cas", "postgres", stdin=text)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # "fast": who is connected is not waited for
            self.process.wait(BOUND)
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
