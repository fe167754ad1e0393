# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A file system of a few megabytes that a test can fill: a tmpfs in a mount namespace of this process and its children,
so that nothing of it is seen outside and nothing stays. Root needs nothing more; others get it from a user namespace,
where the kernel allows one."""

import contextlib
import ctypes
import os
import unittest

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)
_entered = False


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def own_namespace():
    """From here on mounts are ours alone. Skips the test where neither way is allowed. The thread that calls this must
    be the one that starts the servers."""
    global _entered
    if _entered:
        return
    uid, gid = os.getuid(), os.getgid()
    try:
        _check(_libc.unshare(CLONE_NEWNS | (CLONE_NEWUSER if uid else 0)), "unshare")
        if uid:
            for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount --make-rprivate /")
    except OSError as error:
        raise unittest.SkipTest(f"no mount namespace, neither as root nor as a user: {error}") from None
    _entered = True


class SmallDisk:
    """`size` octets at the directory, which is made."""

    def __init__(self, directory, size):
        own_namespace()
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._ballast = directory / "ballast"
        options = f"size={size},mode=755".encode()
        _check(_libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", MS_NOSUID | MS_NODEV, options), "mount")

    @property
    def free(self):
        found = os.statvfs(self.directory)
        return found.f_bavail * found.f_frsize

    def fill(self, leave=0):
        """Takes all but `leave` octets, whatever the servers do meanwhile."""
        with open(self._ballast, "ab") as file, contextlib.suppress(OSError):
            while (left := self.free - leave) > 0:
                file.write(bytes(min(left, 1 << 16)))
                file.flush()

    def make_room(self):
        self._ballast.unlink(missing_ok=True)

    def close(self):
        """Gone for who comes later, at once; for who still holds a file, with that file."""
        _libc.umount2(os.fsencode(self.directory), 2)
