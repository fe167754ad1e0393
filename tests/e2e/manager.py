# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The part of systemd: starts a server, hears what it says of itself, hands it sockets, confines it as the unit does."""

import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import socket
import subprocess


from .harness import CAS, poll

UNIT = pathlib.Path(__file__).parents[2] / "packaging/systemd/cas.service"
# bash, because its redirections know descriptors of two digits.
START = 'export LISTEN_PID=$$; fds=($HANDED); unset HANDED; for n in "${!fds[@]}"; do ' \
        'eval "exec $((n + 3))<&${fds[n]} ${fds[n]}<&-"; done; exec "$@"'


class Manager:
    """Of one Server. `sockets`: (name, listening socket), which stay open here."""

    def __init__(self, server, watchdog=None, sockets=()):
        self.server, self.watchdog, self.sockets = server, watchdog, list(sockets)
        self.told = []  # every datagram, as a dictionary
        self.path = server.directory / "notify.sock"
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(self.path))
        self.ear.setblocking(False)

    def start(self, confine=None, wait=True):
        if not self.server.config.exists():
            self.server.write_config()
        self.hear()
        self.told.clear()
        environment = dict(os.environ, NOTIFY_SOCKET=str(self.path), ASAN_OPTIONS="exitcode=99")
        if confine:  # the leak check stops the process as a debugger does
            environment["ASAN_OPTIONS"] += ":detect_leaks=0"
        if self.watchdog:
            environment["WATCHDOG_USEC"] = str(int(self.watchdog * 1e6))
        copies = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 100) for _, one in self.sockets]
        if copies:
            environment.update(LISTEN_FDS=str(len(copies)), LISTEN_FDNAMES=":".join(name for name, _ in self.sockets))
        environment["HANDED"] = " ".join(map(str, copies))
        with open(self.server.log, "ab") as log:
            self.server.process = subprocess.Popen(
                ["bash", "-c", START, "bash", CAS, "serve", "--config", self.server.config], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=environment, pass_fds=copies, preexec_fn=confine)
        for copy in copies:
            os.close(copy)
        if wait:
            self.await_word("READY", "1")

    def hear(self):
        while True:
            try:
                datagram = self.ear.recv(65536).decode()
            except BlockingIOError:
                return self.told
            self.told.append(dict(line.split("=", 1) for line in datagram.strip().split("\n")))

    def await_word(self, key, value=None, since=0):
        """The first datagram after `since` others that says so."""
        def said():
            if not self.server.alive:
                self.hear()
                if not any(key in one for one in self.told[since:]):
                    raise AssertionError(f"ended with {self.server.process.returncode}:\n{self.server.tail()}")
            return next((one for one in self.hear()[since:] if key in one and value in (None, one[key])), None)
        return poll(said, f"{key}={value} is told")

    def close(self):
        self.ear.close()
        for _, one in self.sockets:
            one.close()


def listening(address, port):
    return socket.create_server((address, port), backlog=128)


def listening_unix(path):
    one = socket.socket(socket.AF_UNIX)
    one.bind(str(path))
    one.listen(128)
    return one


def unit_settings():
    """Each key of [Service] with its values."""
    settings = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"(\w+)=(.*)", line):
            settings.setdefault(match[1], []).append(match[2])
    return settings


def system_calls(settings):
    """The names that SystemCallFilter= of the unit allows, by systemd-analyze; None where that is not installed."""
    if shutil.which("systemd-analyze") is None:
        return None

    def members(word):
        if not word.startswith("@"):
            return {word}
        out = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        names = set()
        for line in out.splitlines()[1:]:
            one = line.strip()
            if one and not one.startswith("#"):
                names |= members(one)
        return names

    allowed = set()
    for value in settings["SystemCallFilter"]:
        taken = value.startswith("~")
        names = set().union(*(members(word) for word in value.lstrip("~").split()))
        allowed = allowed - names if taken else allowed | names
    return allowed


def confinement(allowed):
    """For preexec_fn: no new privileges, no memory that is both written and executed, no other system calls."""
    import seccomp  # python3-seccomp

    def confine():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
            os._exit(90)
        libc.prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE: refused by kernels before 6.3
        filter_ = seccomp.SyscallFilter(seccomp.ERRNO(1))
        for name in allowed:
            try:
                filter_.add_rule(seccomp.ALLOW, name)
            except (RuntimeError, ValueError, OSError):
                pass  # of another architecture
        filter_.load()
    return confine
