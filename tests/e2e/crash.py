# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Power cuts without end: messages go through a pair of servers while either is killed with SIGKILL at random moments
and started again. Whatever submission answered with 250 is in the mailbox exactly once; what it did not answer may be
there at most once; nothing is ever there twice.

    CAS=build/release/cas python3 -m e2e.crash --messages 1000 --seed 7
"""

import argparse
import collections
import random
import re
import signal
import smtplib
import ssl
import sys
import threading
import time

from .harness import World, message, poll

BODY_SIZES = (10, 2000, 40000, 400000)  # some in one store transaction, some in several


class Submitter(threading.Thread):
    """Hands in each message once, never again: the client of this test does not retry."""

    def __init__(self, server, tokens, seed):
        super().__init__(daemon=True)
        self.server, self.tokens = server, tokens
        self.random = random.Random(seed)
        self.accepted, self.unknown, self.refused = set(), set(), set()
        self.fault = None

    def run(self):
        try:
            while self.tokens:
                try:
                    token = self.tokens.popleft()
                except IndexError:
                    return
                self.submit(token)
        except BaseException as error:
            self.fault = error
            raise

    def submit(self, token):
        """One message. A connection that fails before DATA costs nothing and is made again; from DATA on, only 250 and
        a refusal tell what became of it."""
        octets = message("joe@north.example", "suzie@south.example", token,
                         ("y" * 70 + "\r\n") * (1 + self.random.choice(BODY_SIZES) // 72),
                         f"Crash-Token: {token}\r\n")
        client = poll(self.login, "the submission server takes a login", bound=180)
        try:
            client.mail("joe@north.example")
            code, _ = client.rcpt("suzie@south.example")
            if code != 250:
                self.refused.add(token)
                return
            code, _ = client.data(octets)
            (self.accepted if code == 250 else self.refused).add(token)
        except (OSError, smtplib.SMTPException):
            self.unknown.add(token)
        finally:
            client.close()

    def login(self):
        try:
            return self.server.login("joe")
        except (OSError, ssl.SSLError, smtplib.SMTPException):
            return None


class Killer(threading.Thread):
    """Kills one side or the other, waits for a random moment while it is down, starts it again."""

    def __init__(self, servers, seed, between):
        super().__init__(daemon=True)
        self.servers, self.random, self.between = servers, random.Random(seed), between
        self.over = threading.Event()
        self.kills = 0
        self.fault = None

    def run(self):
        try:
            while not self.over.wait(self.random.expovariate(1 / self.between)):
                server = self.random.choice(self.servers)
                server.kill()
                self.kills += 1
                self.over.wait(self.random.uniform(0, 0.3))
                server.start(wait=self.random.random() < 0.7)  # sometimes it is killed while it starts
            for server in self.servers:
                server.wait_ready()
        except BaseException as error:
            self.fault = error
            raise


def judge(delivered, submitters):
    """What is wrong with the outcome, sentence by sentence."""
    accepted = set().union(*(s.accepted for s in submitters))
    unknown = set().union(*(s.unknown for s in submitters))
    refused = set().union(*(s.refused for s in submitters))
    counts = collections.Counter(delivered)
    faults = [f"lost: {t} was answered with 250 and is not there" for t in sorted(accepted - counts.keys())]
    faults += [f"doubled: {t} is there {n} times" for t, n in sorted(counts.items()) if n > 1]
    faults += [f"refused and yet there: {t}" for t in sorted(refused & counts.keys())]
    faults += [f"never sent: {t}" for t in sorted(counts.keys() - accepted - unknown - refused)]
    return faults, accepted, unknown, refused


def tokens_in(server):
    found = []
    for octets in server.mail("suzie"):
        head = octets.split(b"\n\n", 1)[0]
        found += re.findall(rb"(?m)^Crash-Token: (\S+)$", head)
        if b"cas=pass" not in head:
            raise AssertionError("delivered without confirmation:\n" + head.decode())
    return [t.decode() for t in found]


def play(world, arguments):
    north = world.server("north.example", mailboxes=["joe"], users=["joe"])
    south = world.server("south.example")
    world.start()
    tokens = collections.deque(f"crash-{n:05}" for n in range(arguments.messages))
    submitters = [Submitter(north, tokens, arguments.seed + n) for n in range(arguments.clients)]
    killer = Killer([north, south], arguments.seed, arguments.between)
    begun = time.monotonic()
    for thread in (killer, *submitters):
        thread.start()
    for thread in submitters:
        thread.join()
    killer.over.set()
    killer.join()
    for thread in (killer, *submitters):
        if thread.fault:
            raise thread.fault
    for server in (north, south):
        server.await_empty_queue(bound=300)
    faults, accepted, unknown, refused = judge(tokens_in(south), submitters)
    print(f"{arguments.messages} messages, {killer.kills} kills, {time.monotonic() - begun:.0f} s: "
          f"{len(accepted)} accepted, {len(unknown)} unknown, {len(refused)} refused")
    if not accepted or not killer.kills:
        faults.append("nothing was tested: no message accepted, or nobody killed")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--between", type=float, default=0.7, help="mean seconds between two kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # the servers end with us
    world = World()
    faults = []
    try:
        faults = play(world, arguments)
    except BaseException as error:
        faults = [repr(error)]
        if not isinstance(error, Exception):
            raise
    finally:
        faults += [end] if (end := world.close()) else []
        if faults:
            world.show()
        world.remove()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
