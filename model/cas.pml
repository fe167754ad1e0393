/* SPDX-FileCopyrightText: The CAS authors
   SPDX-License-Identifier: Apache-2.0

   The protocol of docs/cas-protocol.md: one sender, N receivers of one domain that share a ledger, and everything that can
   come between them: lost connections, crashes on both sides, an outage of the ledger, time that passes, a person who
   approves, and transactions that are not as they should be. README.md says what is left out. M_... breaks one rule each;
   model/run proves that every break is noticed. */

#ifndef N
#define N 2
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef STRIPS
#define STRIPS 0 /* the sender is in doubt, and meets a host that does not offer CAS */
#endif
#ifndef OUTAGES
#define OUTAGES 0
#endif
#ifndef LEASES
#define LEASES 0
#endif
#ifndef HURRY
#define HURRY 0 /* retries that do not wait until old sessions are over */
#endif
#ifndef ROGUES
#define ROGUES 0 /* transactions that are not as they should be */
#endif
#ifdef M_NEW_ID
#define IDS 2
#else
#define IDS 1
#endif

mtype:verbs = { MAIL, CONFIRM, RCPT, DATA, BODY, RSET, EHLO, STARTTLS };
mtype:codes = { OK, CONFIRMED, HELD, EXEMPT, PLAIN, GO, QUEUED, LATER, PENDING, EXPIRED, REFUSED, SEQUENCE };
mtype:rows = { ABSENT, RESERVED, COMMITTED };
mtype:copies = { NONE, KEPT, DELIVERED };
mtype:kinds = { REAL, ALTERED, BADLY_SIGNED, OTHER_CONTENT, LEAK, UNCONFIRMED };
mtype:screens = { OFF, HOLD, DEFER };

/* An invariant: its name is in the text of the assertion that fails. They are never true. */
hidden byte I1, I2, I3, I4, I5, I6, I7, I8, I9, I10;
#define HOLDS(name, condition) assert((condition) || name)

/* Said once, when a search comes by: what was never reached proves nothing. */
#ifdef TRAIL /* spin replays no C */
#define SEEN(n, what) printf(what);
#else
c_code {
  static unsigned char came_by[32];
  static void reach(int n, const char *what) {
    if (!came_by[n]) { came_by[n] = 1; fprintf(stderr, "reached: %s\n", what); }
  }
};

#define SEEN(n, what) c_code { reach(n, what); }
#endif

/* ---- The world ---- */

bool required, exempt, offered; /* the domain's mode, its recipient's exemption, whether CAS is spoken */
mtype:screens screener;
bool approved;
byte date; /* 1: intents that were signed before have expired */
bool ledger_up = true;
byte crashes = CRASHES, losses = LOSSES, outages = OUTAGES, leases = LEASES;

/* ---- Durable state of the receivers: the shared ledger, one row for each identifier; one copy for each host ---- */

mtype:rows row[IDS] = ABSENT;
byte row_m[IDS], row_owner[IDS], holder[IDS];
bool lease[IDS]; /* the holder of a reservation lives */
mtype:copies copy[N] = NONE;
byte copy_m[N], copy_i[N];
bool copy_held[N];

/* ---- Connections: one at a time for each host ---- */

chan commands[N] = [5] of { mtype:verbs, byte, byte, bool, byte }; /* verb, i, m or content, signature good, signed when */
chan replies[N] = [6] of { mtype:verbs, mtype:codes };
bool busy[N], /* the host has the connection, or still works on what came over it */
    gone[N],  /* for the host: nothing more will come */
    lost[N];  /* for the client: nothing more will come */

/* ---- Ghosts: what happened, for the invariants ---- */

byte commits[IDS], delivered[3]; /* by content */
bool saw_250, report, done;

#define TAKEN(m) (copy[0] != NONE && copy_m[0] == m || copy[1] != NONE && copy_m[1] == m || third_taken(m))
#if N > 2
#define third_taken(m) (copy[2] != NONE && copy_m[2] == m)
#else
#define third_taken(m) false
#endif

inline say(h, verb, code) {
  if
  :: !lost[h] -> replies[h] ! verb, code
  :: else
  fi
}

/* Commit in the shared ledger: the step is one, whatever the rest of a server does (CAS §10.3). */
inline create_if_absent(h, i, m, made) {
#ifdef M_CHECK_THEN_WRITE
  made = row[i] != COMMITTED;
  if
  :: made -> d_step { row[i] = COMMITTED; row_m[i] = m; row_owner[i] = h; commits[i]++ }
  :: else
  fi;
#else
  d_step {
    made = row[i] != COMMITTED;
    if
    :: made -> row[i] = COMMITTED; row_m[i] = m; row_owner[i] = h; commits[i]++
    :: else
    fi
  };
#endif
  HOLDS(I3, commits[i] <= 1)
}

#include "receiver.pml"
#include "sender.pml"

/* ---- What happens by itself ---- */

active proctype Network() {
end:
  do
  :: atomic { losses > 0 && busy[0] && !gone[0] -> losses--; gone[0] = true; lost[0] = true }
  :: atomic { losses > 0 && busy[1] && !gone[1] -> losses--; gone[1] = true; lost[1] = true }
#if N > 2
  :: atomic { losses > 0 && busy[2] && !gone[2] -> losses--; gone[2] = true; lost[2] = true }
#endif
  od
}

/* A lease runs out though its holder lives: it was cut off from the ledger for a while (CAS §10.3). */
active proctype Leases() {
end:
  do
  :: atomic { leases > 0 && row[0] == RESERVED && lease[0] -> leases--; lease[0] = false }
  od
}

active proctype Outage() {
end:
  do
  :: atomic { outages > 0 && ledger_up -> outages--; ledger_up = false }
  :: !ledger_up -> ledger_up = true
  od
}

active proctype Time() {
#ifdef TIME
  date = 1
#else
  skip
#endif
}

active proctype Owner() {
end:
  screener != OFF -> approved = true
}

/* When nothing moves any more, everything must have come to its end. */
active proctype Judgement() {
  timeout;
  HOLDS(I7, done && (saw_250 || report));
  HOLDS(I7, !(report && delivered[1] > 0));
  HOLDS(I2, !saw_250 || delivered[1] > 0);
  HOLDS(I10, row[0] != COMMITTED || delivered[row_m[0]] > 0)
}

/* Two of them once more as formulas, for searches with weak fairness: whatever can go on goes on some day. */
#ifdef LTL_I7
ltl I7_ends { <> (done && (saw_250 || report)) }
#endif
#ifdef LTL_I2
ltl I2_arrives { [] (saw_250 -> <> (delivered[1] > 0)) }
#endif

init {
  atomic {
    byte h;
    offered = true; required = true;
#ifdef MODES
    if :: required = true :: required = false fi;
    if :: exempt = true :: exempt = false fi;
    if :: offered = true :: offered = false fi;
#endif
#ifdef SCREENER
    if :: screener = OFF :: screener = HOLD :: screener = DEFER fi;
#else
    screener = OFF;
#endif
    for (h : 0 .. N - 1) { run Session(h); run Delivery(h) }
    run Sender()
  }
}
