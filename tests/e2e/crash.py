# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Power cuts without end: messages go through a pair of servers while either is killed with SIGKILL, at random moments
or just when the receiver says 250, and started again. Whatever submission answered with 250 is in the mailbox; what it
did not answer may be there. With CAS each is there once. Without (--plain) one can be there twice, where the one window
of SMTP was hit (crash_watch.py), and nowhere else.

    CAS=build/release/cas python3 -m e2e.crash --kills 200 --seed 7
"""

import argparse
import collections
import itertools
import random
import signal
import smtplib
import ssl
import sys
import threading
import time

from .crash_watch import QUEUE_ID, TOKEN, Watch
from .harness import BOUND, World, message, poll
from .peer import dot
from .seed import SEED
from .wire import Wire

BODY_SIZES = (10, 2000, 40000, 400000)  # some in one store transaction, some in several


class Submitter(threading.Thread):
    """Hands in each message once, never again: the client of this test does not retry."""

    def __init__(self, server, name, seed, over=None):
        super().__init__(daemon=True)
        self.server, self.token_prefix, self.over = server, name, over
        self.random = random.Random(seed)
        self.accepted, self.unknown, self.refused = set(), set(), set()
        self.fault = None

    def run(self):
        try:
            for n in itertools.count():
                if self.over.is_set():
                    return
                self.submit(f"{self.token_prefix}-{n:05}", self.random.choice(BODY_SIZES))
        except BaseException as error:
            self.fault = error
            raise

    def submit(self, token, octets):
        """One message. A connection that fails before DATA costs nothing and is made again; from DATA on, only 250 and
        a refusal tell what became of it."""
        text = message("joe@north.example", "suzie@south.example", token, ("y" * 70 + "\r\n") * (1 + octets // 72),
                       f"Crash-Token: {token}\r\n")
        client = poll(self.login, "the submission server takes a login", bound=180)
        otherwise = self.refused
        try:
            codes = client.mail("joe@north.example")[0], client.rcpt("suzie@south.example")[0], client.docmd("DATA")[0]
            if codes == (250, 250, 354):
                otherwise = self.unknown
                client.send(dot(text))
                otherwise = self.accepted if client.getreply()[0] == 250 else self.refused
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            otherwise.add(token)
            client.close()

    def login(self):
        try:
            return self.server.login("joe")
        except (OSError, ssl.SSLError, smtplib.SMTPException):
            return None


class Killer(threading.Thread):
    """Kills one side or the other, waits for a random moment while it is down, starts it again."""

    def __init__(self, sides, watch, seed, kills, between):
        super().__init__(daemon=True)
        self.sides, self.watch, self.random = sides, watch, random.Random(seed)
        self.kills, self.between = kills, between
        self.over = threading.Event()
        self.sprung = 0
        self.fault = None

    def run(self):
        try:
            for n in range(self.kills):
                side = (list(self.sides) + [self.random.choice(list(self.sides))])[min(n, 2)]
                self.kill(self.sides[side], side, must=n < 2)
                if self.watch.gentle and (status := self.sides[side].stop()) != 0:
                    raise AssertionError(f"{side} ended with {status} after SIGTERM")
                time.sleep(self.random.uniform(0, 0.3))  # it is down for a while, as after a power cut
                ready = self.watch.gentle or self.random.random() < 0.7
                self.sides[side].start(wait=ready)  # sometimes it is killed while it starts
            for server in self.sides.values():
                server.wait_ready()
        except BaseException as error:
            self.fault = error
            raise
        finally:
            self.over.set()

    def kill(self, server, side, must):
        """At a random moment, or when a 250 comes by (the first on either side must be so); when none does, at a random
        moment after all."""
        aimed = must or self.random.random() < 0.5
        sprung = self.watch.set_trap(server, side) if aimed else threading.Event()
        patience = BOUND if must else 3 * self.between if aimed else 0
        if sprung.wait(self.random.expovariate(1 / self.between) + patience):
            self.sprung += 1
        elif not aimed or self.watch.take_trap_away():
            self.watch.kill(server)
        else:
            sprung.wait()  # just now
            self.sprung += 1


def judge(copies, submitters):
    """What was lost or made up, sentence by sentence."""
    accepted = set().union(*(s.accepted for s in submitters))
    unknown = set().union(*(s.unknown for s in submitters))
    refused = set().union(*(s.refused for s in submitters))
    faults = [f"lost: {t} was answered with 250 and is not there" for t in sorted(accepted - copies.keys())]
    faults += [f"refused and yet there: {t}" for t in sorted(refused & copies.keys())]
    faults += [f"never sent: {t}" for t in sorted(copies.keys() - accepted - unknown - refused)]
    return faults, accepted, unknown, refused


def doubled(copies):
    return [f"doubled: {t} is there {len(ids)} times" for t, ids in sorted(copies.items()) if len(ids) > 1]


def copies_in(server, confirmed):
    """By token, the queue id under which the server stored each copy."""
    copies = collections.defaultdict(list)
    for octets in server.mail("suzie"):
        head = octets.split(b"\n\n", 1)[0]
        if confirmed and b"cas=pass" not in head:
            raise AssertionError("delivered without confirmation:\n" + head.decode())
        copies[TOKEN.search(head)[1].decode()].append(QUEUE_ID.search(head)[1].decode())
    return copies


def build(world, plain, gentle):
    """North, south and the watched tap between them."""
    north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=not plain)
    south = world.server("south.example")
    watch = Watch(gentle)
    address = world.new_address()
    tap = Wire(address, world.port, (south.address, south.smtp_port), world.certificate(south.host), watch)
    world.publish(f"mx.south.example. 5 IN A {address}")
    return north, south, watch, tap


def play(world, kills, clients, between, seed, plain, gentle):
    """The faults, and a line of figures."""
    north, south, watch, tap = build(world, plain, gentle)
    world.start()
    killer = Killer({"sender": north, "receiver": south}, watch, seed, kills, between)
    submitters = [Submitter(north, f"crash-{n}", seed + n, killer.over) for n in range(clients)]
    begun = time.monotonic()
    for thread in (killer, *submitters):
        thread.start()
    for thread in (killer, *submitters):
        thread.join()
        if thread.fault:
            raise thread.fault
    for server in (north, south):
        server.await_empty_queue(bound=300)
    tap.close()
    copies = copies_in(south, confirmed=not plain)
    faults, accepted, unknown, refused = judge(copies, submitters)
    faults += watch.faults(north, copies)
    twice, again = doubled(copies), watch.again()
    if not plain:
        faults += twice
    if gentle:
        faults += [f"cut in the middle of its message: {t}" for t in sorted(unknown)]
    if not accepted or not (again or gentle):
        faults.append("nothing was tested: no message accepted, or the window never met")
    lost = sum(before.code is None for before, _ in again)
    return faults, (f"{'plain' if plain else 'confirmed'} mail, {kills} {'SIGTERM' if gentle else 'SIGKILL'} "
                    f"({killer.sprung} at a 250) in {time.monotonic() - begun:.0f} s: {len(accepted)} accepted, "
                    f"{len(unknown)} unknown, {len(refused)} refused; {len(again)} sent again ({lost} replies lost, "
                    f"{len(again) - lost} not written down, at most {watch.longest_window(north) * 1000:.0f} ms after "
                    f"the reply); {len(twice)} doubled")


def run(**trial):
    """play() in a world of its own. What went wrong, sentence by sentence."""
    world = World()
    faults = []
    try:
        faults, figures = play(world, **trial)
        print(figures, file=sys.stderr)
    except Exception as error:
        faults = [repr(error)]
    finally:
        faults += [end] if (end := world.close()) else []
        if faults:
            world.show()
        world.remove()
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--between", type=float, default=0.7, help="mean seconds between two kills")
    parser.add_argument("--plain", action="store_true", help="without CAS")
    parser.add_argument("--gentle", action="store_true", help="SIGTERM: nothing may be cut or sent again")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # the servers end with us
    faults = run(**vars(arguments))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
