# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a tap between two servers saw of messages that were sent while either was killed, and whether it explains what is
in the mailbox.

SMTP leaves one window (RFC 5321 §4.2.5, RFC 1047): the receiver has taken the message and said 250, and the sender does
not know it: the reply was lost when either died, or the sender died before it had written it down. It must send again.
With CAS the ledger swallows that; without it the message is there twice. Any other reason to send again is a fault."""

import collections
import re
import threading
import time

from .wire import end_of_data, final_reply

TOKEN = re.compile(rb"(?m)^Crash-Token: (\S+)\r?$")
QUEUE_ID = re.compile(rb"\bid\s+([0-9A-HJKMNP-TV-Z]{26})\b")


class Kill:
    def __init__(self, server):
        self.server, self.began = server, time.monotonic()


class Offer:
    """One message that passed whole: its final dot was about to reach the receiver."""

    def __init__(self, token, queue_id, begun):
        self.token, self.queue_id, self.begun = token, queue_id, begun
        self.code, self.answered = None, None  # what the sender's side of the tap was given, and when


class Watch:
    """A rule for wire.Wire. A trap that is set kills a server when the next final reply comes by; or, gently, asks it to
    end, which is no excuse for anything."""

    def __init__(self, gentle):
        self.gentle = gentle
        self.offers = collections.defaultdict(list)
        self.kills = []
        self._open = {}  # by conversation: the offer whose reply has not come
        self._begun = {}
        self._lock = threading.Lock()
        self._trap = None

    def __call__(self, conversation, direction, octets):
        begun = self._begun.setdefault(id(conversation), time.monotonic())
        if end_of_data(conversation, direction, octets):
            said = conversation.said("C") + octets
            offer = Offer(TOKEN.findall(said)[-1].decode(), QUEUE_ID.search(said)[1].decode(), begun)
            self.offers[offer.token].append(offer)
            self._open[id(conversation)] = offer
        elif final_reply(conversation, direction, octets) and (offer := self._open.pop(id(conversation), None)):
            if self._spring(octets) == "receiver" and not self.gentle:
                return None  # the reply is lost with it
            offer.code, offer.answered = octets[:3], time.monotonic()
        return octets

    def kill(self, server):
        if self.gentle:
            server.process.terminate()
        else:
            self.kills.append(Kill(server))
            server.kill()

    def set_trap(self, server, side):
        """The event that it has sprung."""
        sprung = threading.Event()
        with self._lock:
            self._trap = (server, side, sprung)
        return sprung

    def take_trap_away(self):
        """True when it was still there."""
        with self._lock:
            trap, self._trap = self._trap, None
        return trap is not None

    def _spring(self, reply):
        with self._lock:
            if not reply.startswith(b"250") or self._trap is None:
                return None
            (server, side, sprung), self._trap = self._trap, None
        self.kill(server)
        sprung.set()
        return side

    # ---- Judging ----

    def again(self):
        """(before, after) for each time that a message was sent again though the receiver may have taken it before."""
        return [pair for offers in self.offers.values() for pair in zip(offers, offers[1:])
                if pair[0].code in (None, b"250")]

    def explained(self, before, after, sender):
        """By the death of the sender, or by that of the receiver where the reply was lost."""
        return any(kill.server is sender or before.code is None
                   for kill in self.kills if before.begun <= kill.began <= after.begun)

    def longest_window(self, sender):
        """Seconds between a 250 that was given to the sender and the death that made it forget."""
        spans = [min((kill.began - before.answered for kill in self.kills
                      if kill.server is sender and before.begun <= kill.began <= after.begun), default=0.0)
                 for before, after in self.again() if before.answered]
        return max([0.0, *spans])

    def faults(self, sender, copies):
        """What no window explains. `copies`: by token, the queue ids under which the receiver stored each copy."""
        found = []
        for before, after in self.again():
            if not self.explained(before, after, sender):
                found.append(f"sent again, and nobody died in between: {before.token} (reply {before.code})")
        recorded = collections.Counter(re.findall(r" (\S{26}) delivered ", sender.tail(1 << 30)))
        for token, offers in self.offers.items():
            if any(recorded[offer.queue_id] > 1 for offer in offers):
                found.append(f"sent again although it was written down as delivered: {token}")
        for token, ids in copies.items():
            taken = sum(offer.code in (None, b"250") for offer in self.offers[token])
            if len(ids) > max(1, taken):
                found.append(f"there {len(ids)} times and offered {taken} times: {token}")
            if len(set(ids)) < len(ids):
                found.append(f"one delivery, two files: {token} {ids}")
        return found
