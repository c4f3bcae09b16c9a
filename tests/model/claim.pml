/*
 * claim.pml: the life of one message among consumers that may die at any step
 * (spool-format.md, F5.9 to F5.23), for spin (https://spinroot.com).
 *
 * The spool is a set of names: each step is one rename or unlink of the very name that
 * was examined, and fails when that name has gone.  So a step is atomic here, and what
 * lies between two steps of a process may be anything, its death included.  Time is a
 * clock that goes on whenever it likes; a lease is over when it has passed its deadline.
 *
 *	spin -a -DN=2 claim.pml && cc -O2 -o pan pan.c && ./pan -a
 *
 * What must hold:
 *	no_loss		the message is somewhere, or was acknowledged by who held it
 *	one_owner	no two processes believe, within a lease, that they hold it
 *	not_stuck	as long as somebody consumes, it ends acknowledged or dead (progress)
 * Wrong variants, each of which must be found out:
 *	-DNO_TOKEN	who lost its claim may still acknowledge
 *	-DEARLY		a lease is taken back before its deadline
 *	-DUNLINK_FIRST	a claim removes the message and writes it anew
 *	-DHALF_BUCKET	the bucket of the target is removed between look and rename, and the rename not tried again
 */
#ifndef N
#define N 2			/* consumers */
#endif
#define ATTEMPTS 2		/* failures after which it is dead */
#define LEASE 1
#ifndef END
#define END 4			/* of the clock */
#endif

mtype = { READY, DELAYED, CLAIMED, DEAD, GONE };

mtype state = READY;
byte token = 0;			/* of the claim that stands in the name */
byte fresh = 1;			/* the next token: never used before */
byte deadline = 0;
byte attempts = 0;
byte now = 0;
bool acked = false;
bool holder_dead = false;	/* the lock of the claim is free */
byte released = 0;
bool bucket = true;		/* the target bucket of claimed/ stands */

byte believes[N];		/* the token that a consumer works under; 0: none */
byte until[N];			/* its own idea of its deadline */

#define HOLDS(i) (believes[i] != 0 && now < until[i])

inline lapse() {
	/* by anybody: one rename of the name that was examined */
	atomic {
		if
#ifdef EARLY
		:: state == CLAIMED ->
#else
		:: state == CLAIMED && (now >= deadline || holder_dead) ->
#endif
			attempts++;
			holder_dead = false;
			token = 0;
			if
			:: attempts >= ATTEMPTS -> state = DEAD
			:: attempts < ATTEMPTS -> state = DELAYED
			fi
		:: else -> skip
		fi
	}
}

inline due() {
	atomic {
		if
		:: state == DELAYED -> state = READY
		:: state != DELAYED -> skip
		fi
	}
}

proctype consumer(byte me)
{
	byte mine;
	bool seen;

begin:	do
	:: (state == DEAD || acked) -> break
	:: !(state == DEAD || acked) ->
		lapse();
		due();
		seen = (state == READY);		/* a listing, old as soon as it is made */
		if
		:: !seen -> skip
		:: seen ->
#ifdef UNLINK_FIRST
			atomic { if :: state == READY -> state = GONE :: else -> goto again fi };
			if :: goto died :: skip fi;
#endif
			/* claim: rename ready/NAME to claimed/NAME,cTOKEN; the lock was taken before */
retry:			atomic {
				if
				:: !bucket ->		/* ENOENT: the bucket was removed meanwhile */
#ifdef HALF_BUCKET
					goto lost_name
#else
					bucket = true;	/* make one, and look again */
					goto retry
#endif
#ifdef UNLINK_FIRST
				:: bucket && state == GONE && !acked ->
#else
				:: bucket && state == READY ->
#endif
					state = CLAIMED;
					token = fresh; fresh++;
					mine = token;
					deadline = now + LEASE;
					holder_dead = false;
					believes[me] = mine;
					until[me] = now + LEASE
				:: else -> goto again	/* ENOENT: somebody was faster */
				fi
			};
			/* it works; it may extend, die, be stopped for as long as it likes, fail, or finish */
			do
			:: atomic { (state == CLAIMED && token == mine && now < END) ->
				deadline = now + LEASE; until[me] = deadline }
				if :: break :: skip fi
			:: break
			:: goto died
			od;
			if
			:: true -> atomic {		/* ack: unlink of the name with my token */
				if
#ifdef NO_TOKEN
				:: state == CLAIMED ->
#else
				:: state == CLAIMED && token == mine ->
#endif
					assert(token == mine);	/* one_owner: nobody ends another's claim */
					state = GONE; acked = true; token = 0
				:: else -> skip		/* the claim is lost: exit 69 */
				fi;
				believes[me] = 0
			   }
			:: true -> atomic {		/* nack: rename to delayed/ or dead/ */
				if
				:: state == CLAIMED && token == mine ->
					attempts++; token = 0;
					if
					:: attempts >= ATTEMPTS -> state = DEAD
					:: else -> state = DELAYED
					fi
				:: else -> skip
				fi;
				believes[me] = 0
			   }
			:: true -> atomic {		/* release: rename back to ready/; not counted */
				if
				:: state == CLAIMED && token == mine && released < 2 -> released++; token = 0; state = READY
				:: else -> skip
				fi;
				believes[me] = 0
			   }
			fi
		fi;
again:		skip
	od;
	goto done;
#ifdef HALF_BUCKET
lost_name:
	atomic { state = GONE };	/* it believes its message gone, and says so */
	goto done;
#endif
died:	atomic {
		/* SIGKILL: the kernel drops the lock; the name stays.  Another consumer takes its place. */
		if
		:: state == CLAIMED && token == mine -> holder_dead = true
		:: else -> skip
		fi;
		believes[me] = 0
	}
	goto begin;
done:	skip
}

proctype sweeper()
{
	do
	:: (state == DEAD || acked) -> break
	:: bucket = false		/* an empty bucket is removed; rmdir tells that it is empty */
	:: true -> lapse()
	:: true -> due()
	od
}

proctype clock()
{
	do
	:: now < END -> now++
	:: now == END -> break
	od
}

active proctype monitor()
{
	byte i;

	atomic {
		i = 0;
		do
		:: i < N -> run consumer(i); i++
		:: else -> break
		od;
		run sweeper();
		run clock()
	}
	/* At any time: */
	do
	:: atomic { (state == GONE && !acked) -> assert(false) }			/* no_loss */
	:: atomic { (HOLDS(0) && HOLDS(1) && believes[0] != believes[1]) -> assert(false) }	/* one_owner */
	:: (acked || state == DEAD) -> break
	od
}
