/* SPDX-FileCopyrightText: The CAS authors
   SPDX-License-Identifier: Apache-2.0

   The sender (CAS §9) of one message, content 1, which shows the same identifier until it has an answer. In between it plays
   transactions that are not as they should be, as faulty and hostile clients do. */

/* Every retry needs a reason: expiry, approval, an outage, haste, a broken connection, and after one of these once more
   what the old session still holds. There are not more reasons than these. */
#define MOST_TRIES (3 + 2 * CRASHES + 2 * LOSSES + 2 * LEASES + OUTAGES + HURRY + ROGUES + STRIPS)

/* One command. Where the connection is lost nothing is sent. */
inline send(verb, what, is_good) {
  if
  :: atomic { !lost[h] -> commands[h] ! verb, id, what, is_good, stamp }; sent++
  :: lost[h]
  fi
}

/* One reply; `got` stays as it was where the connection is lost. */
inline hear(verb, got) {
  if
  :: atomic { !lost[h] && nempty(replies[h]) -> replies[h] ? v, got; HOLDS(I9, v == verb); answered++; v = 0; other = 0 }
  :: lost[h]
  fi
}

/* CAS §9.4: later, when old sessions are over, unless somebody is in a hurry. */
inline wait() {
  if
  :: hurry > 0 -> hurry--
  :: !busy[0] && !busy[1] && !busy[N - 1] && ledger_up && (screener != DEFER || approved)
  fi
}

inline sender_may_crash() {
  if
  :: atomic { crashes > 0 -> crashes--; goto crashed }
  :: true
  fi
}

inline let_go(h) {
  atomic {
    if
    :: busy[h] && !lost[h] -> gone[h] = true
    :: else
    fi;
    lost[h] = true;
    confirm = 0; rcpt = 0; data = 0; final = 0; sent = 0; answered = 0; body_sent = false; content = 0; kind = 0
  }
}

#define CONFIRMS (offered && !stripped && kind != LEAK && kind != UNCONFIRMED)

inline send_confirm() {
  if
  :: CONFIRMS -> confirm = LATER; send(CONFIRM, (kind == OTHER_CONTENT -> 2 : 1), kind != BADLY_SIGNED)
  :: else
  fi
}

inline hear_confirm() {
  if
  :: CONFIRMS -> hear(CONFIRM, confirm)
  :: else
  fi
}

proctype Sender() {
  mtype:verbs v;
  mtype:codes confirm, rcpt, data, final, other;
  mtype:kinds kind;
  byte h, id, stamp, tries, sent, answered, content, hurry = HURRY, rogues = ROGUES;
  byte strips = STRIPS;
  bool pipelined, body_sent, other_content_shown, in_doubt, stripped;

again:
  tries++;
  HOLDS(I7, tries <= MOST_TRIES);
  atomic {
    if
    :: !busy[0] -> h = 0
    :: tries > 1 && !busy[1] -> h = 1 /* hosts are alike: the first is the first */
#if N > 2
    :: tries > 2 && !busy[2] -> h = 2
#endif
    fi;
    busy[h] = true; lost[h] = false;
    do
    :: replies[h] ? _, _
    :: empty(replies[h]) -> break
    od
  };

transaction:
  atomic {
    kind = REAL; content = 1; sent = 0; answered = 0; body_sent = false;
    confirm = OK; rcpt = LATER; data = LATER; final = LATER;
    if
    :: pipelined = true
    :: pipelined = false
    fi;
    if
    :: true
    :: rogues > 0 -> rogues--;
      if
      :: offered -> kind = BADLY_SIGNED
      :: offered -> kind = ALTERED; content = 2
      :: offered -> kind = OTHER_CONTENT; content = 2; other_content_shown = true
      :: offered -> kind = LEAK; content = 2
      :: kind = UNCONFIRMED; content = 2
      fi
    fi;
#if STRIPS > 0
    stripped = false;
    if
    :: true
    :: strips > 0 && in_doubt && kind == REAL -> strips--; stripped = true; SEEN(24, "CAS was gone while in doubt")
    fi
#endif
  };
#ifndef M_DOUBT_GOES_PLAIN
  if
  :: stripped -> goto hang_up_and_wait /* only the same intent again: CAS §9.5 */
  :: else
  fi;
#endif

  if
  :: kind == LEAK ->
    send(MAIL, 0, true); hear(MAIL, other);
    send(CONFIRM, 1, true); hear(CONFIRM, other);
    send(RCPT, 0, true); hear(RCPT, other);
    if
    :: send(RSET, 0, true); hear(RSET, other)
    :: send(EHLO, 0, true); hear(EHLO, other)
    :: send(STARTTLS, 0, true); hear(STARTTLS, other)
    fi
  :: else
  fi;

  /* MAIL CONFIRM RCPT DATA, in one group or one by one (CAS §5.3). */
  if
  :: pipelined ->
    atomic {
      SEEN(17, "pipelined");
      send(MAIL, 0, true);
      send_confirm();
      send(RCPT, 0, true);
      send(DATA, 0, true)
    };
#ifdef M_BODY_BEFORE_REPLIES
    HOLDS(I5, answered == sent);
#endif
    hear(MAIL, other);
    hear_confirm();
    hear(RCPT, rcpt)
  :: else ->
    SEEN(18, "one by one");
    send(MAIL, 0, true); hear(MAIL, other);
    send_confirm(); hear_confirm();
    send(RCPT, 0, true); hear(RCPT, rcpt);
    send(DATA, 0, true)
  fi;
  hear(DATA, data);
  sender_may_crash();

  if
  :: data == GO && confirm == OK && !lost[h] ->
    HOLDS(I5, answered == sent);
    body_sent = true;
    send(BODY, content, true);
    hear(BODY, final)
  :: data == GO && confirm != OK -> goto hang_up /* whose transaction is it? CAS §5.6 */
  :: else
  fi;

  /* What came of it. */
  if
  :: kind != REAL && lost[h] -> goto hang_up
  :: kind != REAL && !lost[h] -> goto transaction
  :: kind == REAL && final == QUEUED ->
    saw_250 = true;
    sender_may_crash(); /* before it is written down */
    goto finished
  :: kind == REAL && final != QUEUED && body_sent && lost[h] ->
    SEEN(19, "the final reply was lost");
    in_doubt = true; /* on the disk */
#ifdef M_LOST_IS_FAILED
    report = true; goto finished
#endif
#ifdef M_NEW_ID
    id = 1;
#endif
    goto hang_up_and_wait
  :: kind == REAL && final != QUEUED && !(body_sent && lost[h]) ->
    if
    :: lost[h]
    :: !lost[h] && confirm == EXPIRED -> stamp = date; SEEN(20, "signed again")
    :: !lost[h] && (confirm == REFUSED || rcpt == REFUSED || final == REFUSED) ->
      SEEN(21, "failed, and reported");
      HOLDS(I7, row[0] != COMMITTED || row_m[0] != 1);
#ifndef M_FORGETS
      report = true;
#endif
      goto finished
    :: else -> goto hang_up_and_wait
    fi
  fi;

hang_up:
  let_go(h);
  goto again;

hang_up_and_wait:
  let_go(h);
  wait();
  goto again;

crashed:
  /* All that is left is the queue: the message, and an identifier that is derived from it. */
  atomic {
    SEEN(22, "the sender crashed");
    let_go(h);
    id = 0; stamp = date
  };
  goto again;

finished:
  atomic { let_go(h); done = true }
}
