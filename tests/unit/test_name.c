/* test_name.c: the names of spool-format.md (F2.1). */
#include <stdlib.h>

#include "mq.h"
#include "tap.h"

#define KEY "20261121T031601.123456Z"
#define ID  "019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4"
#define P   KEY "," ID

static void
queue_names(void)
{
	char name[QUEUE_NAME_MAX + 2];

	ok(queue_name_ok("jobs"), "jobs");
	ok(queue_name_ok("_a.B-9"), "_a.B-9");
	ok(queue_name_ok("0"), "one character");
	ok(!queue_name_ok(""), "empty");
	ok(!queue_name_ok("."), "dot");
	ok(!queue_name_ok(".."), "dots");
	ok(!queue_name_ok(".mq"), "a dot in front");
	ok(!queue_name_ok("-a"), "a dash in front");
	ok(!queue_name_ok("a/b"), "a slash");
	ok(!queue_name_ok("a b"), "a space");
	ok(!queue_name_ok("a\n"), "a line feed");
	ok(!queue_name_ok("\xc3\xa4"), "not ASCII");
	memset(name, 'q', sizeof(name));
	name[QUEUE_NAME_MAX] = '\0';
	ok(queue_name_ok(name), "64 characters");
	name[QUEUE_NAME_MAX] = 'q';
	name[QUEUE_NAME_MAX + 1] = '\0';
	ok(!queue_name_ok(name), "65 characters");
	is_int(state_parse("held"), STATE_HELD, "held");
	is_int(state_parse("Held"), -1, "no such state");
	for (int s = 0; s < NSTATES; s++)
		is_int(state_parse(state_names[s]), s, state_names[s]);
}

static void
ids(void)
{
	static const char *const bad[] = {
		"", "019aa3c4", "019AA3C4-7d52-7a1b-9c40-5f7e01c2d3e4", "019aa3c4-7d52-4a1b-9c40-5f7e01c2d3e4",
		"019aa3c4-7d52-7a1b-7c40-5f7e01c2d3e4", "019aa3c4-7d52-7a1b-cc40-5f7e01c2d3e4", ID "0", ID ",",
		"019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e", "019aa3c4_7d52-7a1b-9c40-5f7e01c2d3e4",
		"019aa3c47d527a1b9c405f7e01c2d3e4", "019aa3cg-7d52-7a1b-9c40-5f7e01c2d3e4",
	};
	const usec_t at = 1795230961123000;
	struct msgid id, last = { "" };
	bool exact = true, rising = true, well = true;

	ok(id_ok(ID), ID);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!id_ok(bad[i]), bad[i]);
	for (int us = 0; us < 1000; us++) {
		id_derive(at + us, (uint64_t)-us, &id);
		exact = exact && id_time(&id) == at + us;
		well = well && id_ok(id.text);
		rising = rising && memcmp(id.text, last.text, 18) > 0;
		last = id;
		id_make(at + us, &id);
		exact = exact && id_time(&id) == at + us;
		well = well && id_ok(id.text);
		rising = rising && memcmp(id.text, last.text, 18) == 0;
	}
	ok(exact, "an id tells its time to the microsecond, for all 1,000 of a millisecond");
	ok(rising, "ids sort as their times do");
	ok(well, "what is made is well formed");
	id_derive(0, 0, &id);
	is_str(id.text, "00000000-0000-7000-8000-000000000000", "the lowest id");
	id_derive(281474976710655999, UINT64_MAX, &id);
	is_str(id.text, "ffffffff-ffff-7ffb-bfff-ffffffffffff", "the highest id");
	id_derive(at, 0xc123456789abcdef, &id);
	is_str(id.text + 19, "8123-456789abcdef", "62 low bits of the random number");
	id_derive(at, 0x3000000000000000, &id);
	is_str(id.text + 19, "b000-000000000000", "two of them beside the variant");
	id_make(at, &last);
	id_make(at, &id);
	ok(strcmp(id.text, last.text) != 0, "two ids of one time differ");
}

static void
canonical(void)
{
	static const char *const good[] = {
		P ",s0", P ",s1234", P ",s9223372036854775807", P ",s1,p0", P ",s1,p9", P ",s1,h2", P ",s1,h65536",
		P ",s1,a1", P ",s1,a2147483647,d2147483647", P ",s1,x" KEY, P ",s1,rexit-1",
		P ",s1,r123456789012345678901234", P ",s1,c00c0ffee00c0ffee", P ",s1,t1", P ",s1,t9007199254740992",
		P ",s1,l", P ",s1,K0123456789abcdef,f,w,y", P ",s1,Fl", P ",s1,b", P ",s1,b,ezz.Z-9,b", P ",s1,l,b",
		P ",s1234,h40,a1,d2,rexit-1,c00c0ffee00c0ffee,t300000,l",
		P ",s1,b3456789012345678901234567890123456789012345678",
		P ",s1,u", P ",s1,n", P ",s1,u,n,m1", P ",s1,c00c0ffee00c0ffee,t300000,l,n,m8f0d180",
		P ",s1,m20c49ba5e353f7", P ",s1,m20c49ba5e353f8", P ",s1,m0", P ",s1,m01", P ",s1,mA", P ",s1,m",
		P ",s1,nx", P ",s1,u1",
		P ",s1,q0aZ.", P ",s1,q----,u,n,m1", P ",s1,q0aZ.0aZ.0aZ.0aZ.0aZ.0aZ.", P ",s1,q0aZ", P ",s1,q",
		P ",s1,q0aZ.0aZ.0aZ.0aZ.0aZ.0aZ.0aZ.",
		P ",s1,g19a1b2c3d4e", P ",s1,g",
	};
	static const char *const foreign[] = {
		"", "x", KEY, P, P ",", P ",s", P ",p1", P ",s01", P ",s-1", P ",s+1", P ",s1x", P ",s9223372036854775808",
		P ",s1,", P ",s1,,p1", P ",s1,p", P ",s1,p5", P ",s1,p10", P ",s1,p01", P ",s1,h0", P ",s1,h1",
		P ",s1,h65537", P ",s1,h02", P ",s1,a0", P ",s1,a2147483648", P ",s1,a01", P ",s1,d0", P ",s1,x",
		P ",s1,x20261121T031601.123456", P ",s1,x20261321T031601.123456Z", P ",s1,x" KEY "0", P ",s1,r",
		P ",s1,x19700101T000000.000000Z", P ",s1,x2026112.T031601.123456Z",
		P ",s1,rExit", P ",s1,ra.b", P ",s1,r1234567890123456789012345", P ",s1,c00c0ffee00c0ffe",
		P ",s1,c00c0ffee00c0ffeea", P ",s1,c00C0ffee00c0ffee", P ",s1,t0", P ",s1,t9007199254740993", P ",s1,t01",
		P ",s1,l1", P ",s1,l,l", P ",s1,s1", P ",s1,a1,p1", P ",s1,d1,a1", P ",s1,t1,c00c0ffee00c0ffee",
		P ",s1,p1,p1", P ",s1,b_", P ",s1,b\n", P ",s1,1", P ",s1 ", P ",s1,b/", P ",s1;p1", P ",s1,\xc3\xa4",
		"20261121T031601.123456z," ID ",s1", KEY ";" ID ",s1", KEY ",019AA3C4-7d52-7a1b-9c40-5f7e01c2d3e4,s1",
		KEY ",019aa3c4-7d52-4a1b-9c40-5f7e01c2d3e4,s1", KEY ",,s1", " " P ",s1", P ",b,s1", P ",p1,s1",
	};
	static const char *const future[] = {
		P ",s1,Z", P ",s1,p1,Qx", P ",s1,S1", P ",s1,Z,p5", P ",s1,p5,Z", P ",s1,a1,b,Z,c",
		P ",s1,b34567890123456789012345678901234567890123456789",
		P ",s1,b3456789012345678901234567890,b34567890123456789",
	};
	struct msgname n;
	char buf[NAME_MAX_LEN + 1], big[400];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_int(name_parse(good[i], &n), NAME_OK, good[i]);
		name_format(&n, buf);
		is_str(buf, good[i], "is written back the same");
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		is_int(name_parse(foreign[i], &n), NAME_FOREIGN, strchr(foreign[i], '\n') ? "foreign: line feed" : foreign[i]);
	for (size_t i = 0; i < sizeof(future) / sizeof(future[0]); i++)
		is_int(name_parse(future[i], &n), NAME_FUTURE, future[i]);
	is_int(name_parse(P ",s1,bx,p1,e,a2,z9", &n), NAME_OK, "unknown fields among known ones");
	is_str(n.extra, ",bx,e,z9", "are kept");
	name_format(&n, buf);
	is_str(buf, P ",s1,p1,a2,bx,e,z9", "and written behind them");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memcpy(big, P ",s1,r", strlen(P ",s1,r"));
	is_int(name_parse(big, &n), NAME_FOREIGN, "a name that no directory can hold");
}

static void
fields(void)
{
	struct msgname n;

	is_int(name_parse(P ",s1234,p7,h40,a1,d2,x20261122T000000.000000Z,rexit-1,c00c0ffee00c0ffee,t300000,l,zq", &n),
	    NAME_OK, "a name with everything");
	is_int(n.key, 1795230961123456, "key");
	is_str(n.id.text, ID, "id");
	is_int(n.size, 1234, "size");
	is_int(n.priority, 7, "priority");
	is_int(n.head, 40, "head");
	is_int(n.attempts, 1, "attempts");
	is_int(n.deliveries, 2, "deliveries");
	is_int(n.expires, 1795305600000000, "expires");
	is_str(n.reason, "exit-1", "reason");
	is_str(n.token, "00c0ffee00c0ffee", "token");
	is_int(n.lease_ms, 300000, "lease");
	ok(n.locked, "locked");
	ok(!n.replayed, "not replayed");
	is_str(n.extra, ",zq", "extra");
	is_int(name_parse(P ",s0", &n), NAME_OK, "a name with nothing");
	is_int(n.priority, PRIORITY_DEFAULT, "priority");
	ok(n.head == 0 && n.attempts == 0 && n.deliveries == 0 && n.expires == 0 && n.lease_ms == 0 && !n.locked &&
	    n.reason[0] == '\0' && n.token[0] == '\0' && n.extra[0] == '\0', "the other defaults");
}

static void
longest(void)
{
	struct msgname n = { .key = USEC_MAX, .id = { ID }, .size = INT64_MAX, .priority = 9, .head = 65536,
	    .attempts = INT32_MAX, .deliveries = INT32_MAX, .expires = USEC_MAX, .lease_ms = 1LL << 53, .locked = true, .replayed = true }, back;
	char buf[NAME_MAX_LEN + 1];

	memset(n.reason, 'r', sizeof(n.reason) - 1);
	memset(n.token, 'f', TOKEN_LEN);
	memset(n.extra, 'z', sizeof(n.extra) - 1);
	n.extra[0] = ',';
	name_format(&n, buf);
	is_int((int64_t)strlen(buf), 254, "the longest name");
	is_int(name_parse(buf, &back), NAME_OK, "parses");
	is_str(back.extra, n.extra, "with its last field whole");
	ok(back.lease_ms == n.lease_ms && back.size == n.size, "and its numbers");

	ok(!name_ended(&n), "it is a claim that goes on");
	n.failed = FAILED_DEAD;
	ok(!name_fits(&n) && name_ended(&n), "with the mark of a failed attempt it is too long");
	n.lease_ms = 1;
	ok(name_fits(&n), "but not with that mark's lease");
	n.lease_ms = 1LL << 53;
	n.failed = 0;
	is_int(name_parse(P ",s1,a1,rexit-1,c00c0ffee00c0ffee,t1,Fd", &back), NAME_OK, "a claim that failed for good");
	ok(back.failed == FAILED_DEAD, "is to be dead");
	is_int(name_parse(P ",s1,a1,rexit-1,c00c0ffee00c0ffee,t1001,Fl", &back), NAME_OK, "one that is tried again");
	ok(back.failed == FAILED_LATER, "is to be tried later");
	is_int(count_up(1), 2, "counts go up");
	is_int(count_up(INT32_MAX), INT32_MAX, "and end");

	memset(n.order, 'a', ORDER_LEN);
	n.finished = n.waited = true;
	n.extra[26] = '\0';
	name_format(&n, buf);
	is_int((int64_t)strlen(buf), 254, "the longest name of a message with a key");
	is_int(name_parse(buf, &back), NAME_OK, "parses");
	is_str(back.order, n.order, "its key");
	ok(back.finished && back.waited, "its flags");
	is_str(back.extra, n.extra, "and its last field whole");
	n.suspect = n.beside = true;
	n.mono = n.claimed = USEC_MAX;
	name_format(&n, buf);
	is_int(name_parse(buf, &back), NAME_OK, "what there is no room for is left out");
	n.finished = n.waited = false;
	n.extra[0] = n.reason[0] = '\0';
	name_format(&n, buf);
	is_int(name_parse(buf, &back), NAME_OK, "where there is room");
	ok(back.suspect && back.beside && back.mono == USEC_MAX / 1000 * 1000 && back.claimed == USEC_MAX, "it is there");
	name_unclaim(&back);
	ok(back.suspect && !back.beside && back.mono == 0 && back.claimed == 0, "company and clock belong to the claim");
	n.finished = n.waited = true;
	n.suspect = n.beside = false;
	n.mono = n.claimed = 0;
	n.extra[0] = ',';
	n.extra[26] = 'z';
	n.extra[27] = '\0';
	name_format(&n, buf);
	is_int(name_parse(buf, &back), NAME_FUTURE, "one character more of fields that are not known is left alone");
}

/* Change, cut or double a byte of a good name: whatever is accepted must be canonical. */
static void
mutations(void)
{
	static const char start[] = P ",s1234,p7,h40,K0123456789abcdef,a1,d2,rexit-1,c00c0ffee00c0ffee,t300000,l,f,w,zq";
	static const char bytes[] = ",.-019afKlpswxzAZ\n +";
	struct msgname n;
	char text[sizeof(start) + 1], buf[NAME_MAX_LEN + 1];
	bool good = true;

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		memcpy(text, start, sizeof(start));
		for (int k = 0; k < 1 + i % 3; k++) {
			size_t at = (size_t)random() % strlen(text);
			if (random() % 3 == 0)
				memmove(text + at, text + at + 1, strlen(text + at));
			else
				text[at] = bytes[(size_t)random() % (sizeof(bytes) - 1)];
		}
		if (name_parse(text, &n) != NAME_OK)
			continue;
		name_format(&n, buf);
		/* Unknown fields move to the end, so compare only where there was none in the middle. */
		if (strlen(buf) != strlen(text) || name_parse(buf, &n) != NAME_OK) {
			printf("# %s became %s\n", text, buf);
			good = false;
		}
	}
	ok(good, "no accepted name loses or gains a byte");
}

static void
handles(void)
{
	static const char *const good[] = {
		ID ",00c0ffee00c0ffee," KEY, ID ",00c0ffee00c0ffee,w." KEY, ID ",00c0ffee00c0ffee,5." KEY,
	};
	static const char *const bad[] = {
		"", ID, ID ",", ID ",00c0ffee00c0ffee", ID ",00c0ffee00c0ffee,", ID ",00c0ffee00c0ffe," KEY,
		ID ",00c0ffee00c0ffeea," KEY, ID ",00C0ffee00c0ffee," KEY, ID ",00c0ffee00c0ffee,+" KEY,
		ID ",00c0ffee00c0ffee,x." KEY, ID ",00c0ffee00c0ffee,ww." KEY, ID ",00c0ffee00c0ffee," KEY "x",
		ID ",00c0ffee00c0ffee,w" KEY, ID ",00c0ffee00c0ffee,../" KEY, ID "," KEY, "x" ID ",00c0ffee00c0ffee," KEY,
	};
	struct place p = { .state = STATE_CLAIMED };
	struct msgid id;
	char token[TOKEN_LEN + 1], bucket[BUCKET_MAX], buf[HANDLE_MAX];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ok(handle_parse(good[i], &id, token, bucket), good[i]);
		p.name.id = id;
		memcpy(p.name.token, token, sizeof(token));
		/* One of them as it stands on disk while it is half made. */
		memcpy(p.bucket, "+", 2);
		memcpy(p.bucket + (i == 1), bucket, sizeof(p.bucket) - 1);
		handle_format(&p, buf);
		is_str(buf, good[i], "and back");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!handle_parse(bad[i], &id, token, bucket), bad[i]);
	token_make(token);
	ok(strlen(token) == TOKEN_LEN && strspn(token, "0123456789abcdef") == TOKEN_LEN, "a token");
	token_make(buf);
	ok(strcmp(token, buf) != 0, "another one");
}

int
main(void)
{
	queue_names();
	ids();
	canonical();
	fields();
	longest();
	mutations();
	handles();
	return done();
}
