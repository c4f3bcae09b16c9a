/* test_conf.c: policy: values, files, layers, and what is refused with file and line. */
#include <sys/stat.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mq.h"
#include "tap.h"

static char dir[] = "/tmp/mq-conf.XXXXXX";
static int dirfd_;

static int
key_number(const char *name)
{
	for (int i = 0; i < NKEYS; i++)
		if (strcmp(conf_keys[i].name, name) == 0)
			return i;
	return -1;
}

/* Path of a file in our directory; a few of them at a time. */
static const char *
path(const char *name)
{
	static char buf[32][200];
	static int n;

	n = (n + 1) % 32;
	(void)snprintf(buf[n], sizeof(buf[n]), "%s/%s", dir, name);
	return buf[n];
}

static void
write_bytes(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(path(name), "w");

	if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0)
		ok(false, "cannot write a file for the test");
}

static void
write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static const char *
value_of(const struct policy *p, const char *key)
{
	static char buf[2000];

	conf_value(p, key_number(key), buf, sizeof(buf));
	return buf;
}

/* ---- values ------------------------------------------------------------- */

static enum status
policy_of(const char *text, struct policy *p, struct error *err)
{
	static const struct conf_files none;

	write_file("queue.conf", text);
	error_clear(err);
	return conf_policy(&none, "jobs", dirfd_, p, err);
}

/* key = value is taken and printed as want. */
static void
reads(const char *key, const char *value, const char *want)
{
	struct policy p, again;
	struct error err;
	char line[400], text[80];

	(void)snprintf(line, sizeof(line), "%s = %s\n", key, value);
	(void)snprintf(text, sizeof(text), "%s = %.50s", key, value);
	if (!is_int(policy_of(line, &p, &err), ST_OK, text))
		printf("# %s\n", err.text);
	is_str(value_of(&p, key), want, "printed");
	is_str(p.origin[key_number(key)], "queue.conf", "its origin");
	(void)snprintf(line, sizeof(line), "%s = %s\n", key, want);
	ok(policy_of(line, &again, &err) == ST_OK && memcmp(&p, &again, sizeof(p)) == 0,
	    "what is printed reads back equal");
}

static void
refuses(const char *key, const char *value)
{
	struct policy p;
	struct error err;
	char line[400], text[80];

	(void)snprintf(line, sizeof(line), "# x\n%s = %s\n", key, value);
	(void)snprintf(text, sizeof(text), "not %s = %.50s", key, value);
	is_int(policy_of(line, &p, &err), ST_CONF, text);
	(void)snprintf(line, sizeof(line), "jobs/queue.conf:2: bad value '%s' for %s", value, key);
	if (!ok(strncmp(err.text, line, strlen(line)) == 0, "told with file and line"))
		printf("# %s\n", err.text);
}

static void
good_values(void)
{
	reads("lease", "90", "90s");
	reads("lease", "1.5h", "90m");
	reads("lease", "0.001ms", "0.001ms");
	reads("attempts", "1", "1");
	reads("attempts", "1000000", "1000000");
	reads("backoff", "1s..10m", "1s..10m");
	reads("backoff", "0s..0s", "0s..0s");
	reads("backoff", "0", "0s");
	reads("backoff", "5s,30s,5m", "5s,30s,5m");
	reads("backoff", "1.5s..2.25s", "1.5s..2.25s");
	reads("backoff", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32",
	    "1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s,18s,19s,20s,21s,22s,23s,24s,25s,26s,27s,28s,29s,"
	    "30s,31s,32s");
	reads("jitter", "none", "none");
	reads("jitter", "full", "full");
	reads("expire", "never", "never");
	reads("expire", "7d", "1w");
	reads("expired", "drop", "drop");
	reads("dead_queue", "failed", "failed");
	reads("dead_queue", "", "none");
	reads("dead_queue", "none", "none");
	reads("max_messages", "1000", "1000");
	reads("max_messages", "0", "none");
	reads("max_bytes", "1048576", "1M");
	reads("max_bytes", "10G", "10G");
	reads("max_bytes", "1025", "1025");
	reads("max_bytes", "none", "none");
	reads("max_size", "1536K", "1536K");
	reads("max_size", "2048T", "2048T");
	reads("min_free", "0", "0");
	reads("min_free", "1G", "1G");
	reads("min_inodes", "1024", "1024");
	reads("sync", "never", "never");
	reads("keep", "no", "no");
	reads("keep", "0", "no");
	reads("keep", "0s", "no");
	reads("keep", "100", "100");
	reads("keep", "100s", "100s");
	reads("keep", "1.5d", "36h");
	reads("mode", "0660", "0660");
	reads("mode", "640", "0640");
	reads("mode", "0777", "0777");
	reads("group", "staff", "staff");
	reads("group", "", "none");
	reads("paused", "no", "no");
	reads("paused", "pop", "pop");
	reads("paused", "push", "push");
	reads("paused", "all", "all");
	reads("handler", "cat; echo \"$MQ_ID = x\" # no comment", "cat; echo \"$MQ_ID = x\" # no comment");
	reads("handler", "", "none");
	reads("jobs", "1000", "1000");
	reads("timeout", "none", "none");
	reads("timeout", "90s", "90s");
}

static void
bad_values(void)
{
	static const char *const table[][2] = {
		{ "lease", "0" }, { "lease", "" }, { "lease", "5x" }, { "lease", "never" }, { "lease", "5m # five" },
		{ "attempts", "0" }, { "attempts", "1000001" }, { "attempts", "-1" }, { "attempts", "5x" },
		{ "attempts", "99999999999999999999" },
		{ "backoff", "" }, { "backoff", "5s," }, { "backoff", ",5s" }, { "backoff", "5s,,5s" }, { "backoff", "10m..1s" },
		{ "backoff", "1s.." }, { "backoff", "..1s" }, { "backoff", "1s..2s..3s" }, { "backoff", "1s..2s,3s" },
		{ "backoff", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33" },
		{ "jitter", "half" }, { "jitter", "" }, { "jitter", "full|none" }, { "jitter", "ful" }, { "jitter", "|" },
		{ "expire", "0" }, { "expire", "no" }, { "expired", "keep" }, { "dead_queue", "a/b" }, { "dead_queue", ".a" },
		{ "max_messages", "1K" }, { "max_messages", "never" }, { "max_bytes", "1X" }, { "max_bytes", "1KB" },
		{ "max_bytes", "K" }, { "max_bytes", "1k" }, { "max_bytes", "9223372036854775807K" }, { "max_bytes", "8388608T" },
		{ "max_size", "-1" }, { "min_free", "none" }, { "min_inodes", "1K" }, { "sync", "yes" }, { "keep", "" },
		{ "keep", "yes" }, { "keep", "1.5" }, { "keep", "-1" }, { "keep", "99999999999999999999" }, { "mode", "600x" },
		{ "mode", "60" }, { "mode", "00600" }, { "mode", "1600" }, { "mode", "0400" }, { "mode", "0200" },
		{ "mode", "0680" }, { "mode", "" }, { "group", "two words" }, { "group", "a;b" },
		{ "group", "123456789012345678901234567890123" }, { "paused", "yes" }, { "paused", "" },
		{ "jobs", "0" }, { "jobs", "1001" }, { "timeout", "0" },
		{ "timeout", "never" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		refuses(table[i][0], table[i][1]);
}

static void
built_in(void)
{
	struct policy p;
	struct error err;

	is_int(policy_of("", &p, &err), ST_OK, "an empty queue.conf");
	for (int i = 0; i < NKEYS; i++) {
		is_str(value_of(&p, conf_keys[i].name), conf_keys[i].initial, conf_keys[i].name);
		is_str(p.origin[i], "", "is built in");
		ok(conf_keys[i].help[0] != '\0' && conf_keys[i].syntax[0] != '\0', "has help and syntax");
	}
	is_int(p.lease, 300 * USEC, "lease");
	is_int(p.attempts, 5, "attempts");
	is_int(p.nsteps, 0, "back-off doubles");
	is_int(p.backoff[1], 600 * USEC, "up to 10m");
	is_int(p.expired, EXPIRED_DEAD, "expired");
	is_int(p.jitter, JITTER_FULL, "jitter");
	is_int(p.sync, SYNC_ALWAYS, "sync");
	is_int(p.mode, 0600, "mode");
	is_int(p.paused, PAUSED_NO, "paused");
	(void)policy_of("paused = all\nsync=never\nexpired=drop\njitter=none\nkeep=3\n", &p, &err);
	is_int(p.paused, PAUSED_ALL, "paused all");
	is_int(p.sync, SYNC_NEVER, "sync never");
	is_int(p.expired, EXPIRED_DROP, "drop");
	is_int(p.jitter, JITTER_NONE, "no jitter");
	ok(p.keep == KEEP_COUNT && p.keep_count == 3, "keep a number");
	(void)policy_of("keep=3s\npaused=push\n", &p, &err);
	ok(p.keep == KEEP_TIME && p.keep_time == 3 * USEC, "keep for a time");
	is_int(p.paused, PAUSED_PUSH, "paused push");
}

/* Random values of the keys with much room, printed and read back. */
static void
property(void)
{
	static const char *const keys[] = { "lease", "expire", "backoff", "max_bytes", "keep", "mode" };
	struct policy p, q;
	struct error err;
	char line[2100];
	bool good = true;

	srandom(1);
	for (int i = 0; i < 600; i++) {
		const char *key = keys[i % 6];
		int64_t r = ((int64_t)random() << 20 ^ random()) >> random() % 50;

		(void)policy_of("", &p, &err);
		p.lease = p.expire = p.keep_time = r + 1;
		p.keep = KEEP_TIME;
		p.max_bytes = r;
		p.mode = 0600 | (int)(r & 0177);
		p.nsteps = i / 6 % 4;
		p.backoff[0] = r / 2;
		p.backoff[1] = r;
		p.backoff[2] = p.nsteps == 3 ? r / 3 : 0;
		if (p.nsteps == 1)
			p.backoff[1] = 0;
		(void)snprintf(line, sizeof(line), "%s=%s\n", key, value_of(&p, key));
		good = good && policy_of(line, &q, &err) == ST_OK;
		(void)snprintf(line, sizeof(line), "%s", value_of(&p, key));
		good = good && strcmp(line, value_of(&q, key)) == 0;
		if (strcmp(key, "lease") == 0)
			good = good && p.lease == q.lease;
		else if (strcmp(key, "expire") == 0)
			good = good && p.expire == q.expire;
		else if (strcmp(key, "backoff") == 0)
			good = good && p.nsteps == q.nsteps && memcmp(p.backoff, q.backoff, sizeof(p.backoff)) == 0;
		else if (strcmp(key, "max_bytes") == 0)
			good = good && p.max_bytes == q.max_bytes;
		else if (strcmp(key, "keep") == 0)
			good = good && p.keep_time == q.keep_time && p.keep == q.keep;
		else
			good = good && p.mode == q.mode;
	}
	ok(good, "random values read back equal");
}

/* ---- text --------------------------------------------------------------- */

/* A broken queue.conf: the error is want in full, or starts so if it ends in "...". */
static void
broken(const char *text, size_t len, const char *want)
{
	struct error err;
	char *exact = malloc(len > 0 ? len : 1);
	size_t n = strlen(want);

	memcpy(exact, text, len);
	error_clear(&err);
	is_int(conf_check(exact, len, "queue.conf", &err), ST_CONF, "refused");
	if (n > 3 && strcmp(want + n - 3, "...") == 0)
		err.text[n - 3 < strlen(err.text) ? n - 3 : strlen(err.text)] = '\0', n -= 3;
	ok(strlen(err.text) == n && memcmp(err.text, want, n) == 0, want);
	if (strlen(err.text) != n || memcmp(err.text, want, n) != 0)
		printf("# got %s\n", err.text);
	free(exact);
}
#define BROKEN(text, want) broken(text, sizeof(text) - 1, want)

static void
lines(void)
{
	char text[300];
	struct error err;

	BROKEN("lease = 5m\n  attempts = 3\n", "queue.conf:2: indented...");
	BROKEN("lease = 5m\n\tjunk\n", "queue.conf:2: indented...");
	BROKEN("  # x\n", "queue.conf:1: indented...");
	BROKEN("lease = 5m ; five minutes\n", "queue.conf:1: a comment behind a value...");
	BROKEN("lease = 5m\t;x\n", "queue.conf:1: a comment behind a value...");
	BROKEN("lease = 5m\r\n", "queue.conf:1: a carriage return...");
	BROKEN("\n\nlease = 5m\0x\n", "queue.conf:3: a control character (byte 0x00 at 10)");
	BROKEN("# \0\n", "queue.conf:1: a control character (byte 0x00 at 2)");
	BROKEN("\x1blease = 5m\n", "queue.conf:1: a control character...");
	BROKEN("\v\n", "queue.conf:1: a control character...");
	BROKEN("lease\n", "queue.conf:1: not 'key = value'");
	BROKEN("lease", "queue.conf:1: not 'key = value'");
	BROKEN("lease: 5m\n", "queue.conf:1: not 'key = value'");
	BROKEN("= 5m\n", "queue.conf:1: not 'key = value'");
	BROKEN("a b = 5m\n", "queue.conf:1: not 'key = value'");
	BROKEN("\xef\xbb\xbflease = 5m\n", "queue.conf:1: not 'key = value'");
	BROKEN("[defaults]\nlease = 5m\n", "queue.conf:1: sections belong into mq.conf...");
	BROKEN("leese = 5m\n", "queue.conf:1: unknown key 'leese' (did you mean 'lease'?)");
	BROKEN("Max-Size = 5\n", "queue.conf:1: unknown key 'Max-Size' (did you mean 'max_size'?)");
	BROKEN("retries = 5\n", "queue.conf:1: unknown key 'retries'");
	BROKEN("x = 5\n", "queue.conf:1: unknown key 'x'");
	BROKEN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 5\n", "queue.conf:1: unknown key 'aaaa...");
	BROKEN("lease = 5m\n# x\nlease = 5m\n", "queue.conf:3: 'lease' is set for the second time");
	BROKEN("spool = /x\n", "queue.conf:1: 'spool' may stand in [defaults] of mq.conf only");
	BROKEN("autocreate = no\n", "queue.conf:1: 'autocreate' may stand in [defaults] of mq.conf only");
	BROKEN("attempts = 3\nlease = 5x", "queue.conf:2: bad value '5x' for lease (DUR): a duration above 0...");

	memset(text, 'x', sizeof(text));
	text[0] = '#';
	text[200] = '\n';
	broken(text, 201, "queue.conf:1: the line is longer than 199 bytes");
	broken(text, 200, "queue.conf:1: the line is longer than 199 bytes");
	memcpy(text + 199, "\nx", 2);
	broken(text, 201, "queue.conf:2: not 'key = value'");
	error_clear(&err);
	is_int(conf_check(text, 199, "queue.conf", &err), ST_OK, "199 bytes are fine");
	is_int(conf_check("", 0, "queue.conf", &err), ST_OK, "so is nothing");
	is_int(conf_check("# a\n; b\n\n \t \nlease=5m\nmax_size  =  1K \t\n\tx", 38, "q", &err), ST_OK, "so are comments and blanks");
	is_int(conf_check("dead_queue =\ngroup=", 19, "q", &err), ST_OK, "so are empty values");
}

static void
large(void)
{
	static char text[65537];
	struct error err;
	struct policy p;

	memset(text, '\n', sizeof(text));
	error_clear(&err);
	is_int(conf_check(text, 65536, "q", &err), ST_OK, "64 KiB");
	is_int(conf_check(text, 65537, "q", &err), ST_CONF, "more than 64 KiB");
	write_bytes("queue.conf", text, sizeof(text));
	error_clear(&err);
	is_int(conf_policy(&(struct conf_files){ { NULL } }, "jobs", dirfd_, &p, &err), ST_CONF, "also as a file");
}

/* ---- layers ------------------------------------------------------------- */

static void
layers(void)
{
	struct conf_files files = { { path("mq1.conf"), path("absent.conf"), path("mq2.conf") } };
	char want[200];
	struct policy p;
	struct error err;

	write_file("mq1.conf", "[defaults]\nlease=1s\nattempts=1\nexpire=1s\nkeep=1\nmode=0601\n"
	    "[queue j*]\nattempts=2\nexpire=2s\nkeep=2\nmode=0602\n"
	    "[queue other]\nlease=99s\n"
	    "[queue job[a-s]]\nexpire=3s\n");
	write_file("mq2.conf", "[queue *]\nkeep=4\nmode=0604\n[defaults]\nkeep=5\n[queue jobs2]\nkeep=7\n");
	write_file("queue.conf", "mode=0606\n");
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", dirfd_, &p, &err), ST_OK, "three files");
	is_int(p.lease, USEC, "[defaults] beats what is built in");
	is_int(p.attempts, 2, "[queue] beats [defaults]");
	is_int(p.expire, 3 * USEC, "a later [queue] beats an earlier one");
	is_int(p.keep_count, 4, "[queue] beats [defaults] wherever they stand");
	is_int(p.mode, 0606, "queue.conf beats all");
	is_int(p.max_size, 0, "the rest is built in");
	(void)snprintf(want, sizeof(want), "%s [queue j*]", path("mq1.conf"));
	is_str(p.origin[key_number("attempts")], want, "its origin");
	is_str(p.origin[key_number("mode")], "queue.conf", "its origin");
	is_str(p.origin[key_number("max_size")], "", "no origin");
	is_int(conf_policy(&files, "other", -1, &p, &err), ST_OK, "another queue, no queue.conf");
	is_int(p.lease, 99 * USEC, "has its own lease");
	is_int(p.attempts, 1, "and attempts by default");
	is_int(p.mode, 0604, "and its mode from the second file");
	is_int(conf_policy(&files, NULL, -1, &p, &err), ST_OK, "no queue");
	is_int(p.mode, 0601, "gets the defaults");
}

/* Even [defaults] of a later file beats [queue GLOB] of an earlier one. */
static void
later_file(void)
{
	struct conf_files files = { { path("mq1.conf"), path("mq2.conf") } };
	struct policy p;
	struct error err;

	write_file("mq1.conf", "[queue jobs]\nlease=1s\n");
	write_file("mq2.conf", "[defaults]\nlease=2s\n");
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", -1, &p, &err), ST_OK, "two files");
	is_int(p.lease, 2 * USEC, "the later file wins");
}

/* A broken mq.conf is refused by both that read it, for any queue. */
static void
broken_conf(const char *text, const char *want)
{
	struct conf_files files = { { path("mq1.conf") } };
	struct conf_settings s;
	struct policy p;
	struct error err;
	char full[400];

	write_file("mq1.conf", text);
	(void)snprintf(full, sizeof(full), "%s:%s", path("mq1.conf"), want);
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", -1, &p, &err), ST_CONF, "refused");
	is_str(err.text, full, want);
	error_clear(&err);
	is_int(conf_settings(&files, &s, &err), ST_CONF, "by conf_settings too");
	is_str(err.text, full, "in the same words");
}

static void
sections(void)
{
	broken_conf("lease = 5m\n", "1: 'lease' stands above the first section: [defaults] or [queue GLOB]");
	broken_conf("[engine a b]\n", "1: unknown section [engine a b]: there are [defaults], "
	    "[queue GLOB], [engine NAME] and [relay NAME]");
	broken_conf("[engine e]\nurl = mq:///a\nurl = mq:///b\n", "3: 'url' is set for the second time");
	broken_conf("[engine e]\nattempts = 3\n", "2: unknown key 'attempts' in [engine e]: there are "
	    "url credentials ca cert key tls_name verify insecure transactions timeout queue ");
	broken_conf("[relay r]\nqueue = a b\n", "2: unknown key 'queue' in [relay r]: there are "
	    "source destination window ");
	broken_conf("[default]\n", "1: unknown section [default]: there are [defaults], [queue GLOB], "
	    "[engine NAME] and [relay NAME]");
	broken_conf("[queue]\n", "1: unknown section [queue]: there are [defaults], [queue GLOB], "
	    "[engine NAME] and [relay NAME]");
	broken_conf("[queue ]\n", "1: unknown section [queue ]: there are [defaults], [queue GLOB], "
	    "[engine NAME] and [relay NAME]");
	broken_conf("[queue a b]\n", "1: unknown section [queue a b]: there are [defaults], [queue GLOB], "
	    "[engine NAME] and [relay NAME]");
	broken_conf("[]\n", "1: a section looks like [defaults] or [queue GLOB]");
	broken_conf("[defaults\n", "1: a section looks like [defaults] or [queue GLOB]");
	broken_conf("[defaults] x\n", "1: a section looks like [defaults] or [queue GLOB]");
	broken_conf("[\n", "1: a section looks like [defaults] or [queue GLOB]");
	broken_conf("[defaults]\n[queue a]\n[defaults] \n", "3: section [defaults] stands here for the second time");
	broken_conf("[queue a] \t\nlease=1s\n[queue ab]\n[queue a]\n", "4: section [queue a] stands here for the second time");
	broken_conf("[queue 34567890123456789012345678901234567890123450]\n", "1: the section's name is longer than 49 characters");
	broken_conf("[queue other]\nlease = 5x\n",
	    "2: bad value '5x' for lease (DUR): a duration above 0, such as 30s, 5m or 1.5h");
	broken_conf("[queue other]\nfoo = 1\n", "2: unknown key 'foo'");
	broken_conf("[queue other]\nspool = /x\n", "2: 'spool' may stand in [defaults] of mq.conf only");
	broken_conf("[queue defaults]\nautocreate = no\n", "2: 'autocreate' may stand in [defaults] of mq.conf only");
	broken_conf("[defaults]\nspool = x\n", "2: bad value 'x' for spool: a path that starts with /");
	broken_conf("[defaults]\nspool =\n", "2: bad value '' for spool: a path that starts with /");
	broken_conf("[defaults]\nautocreate = maybe\n", "2: bad value 'maybe' for autocreate: yes or no");
	broken_conf("[defaults]\nspool = /x\nspool = /x\n", "3: 'spool' is set for the second time");
	broken_conf("[defaults]\nspol = /x\n", "2: unknown key 'spol' (did you mean 'spool'?)");
	broken_conf("[defaults]\nlease=1s\n[queue a]\nlease=1s\nlease=2s\n", "5: 'lease' is set for the second time");
}

static void
settings(void)
{
	struct conf_files files = { { path("mq1.conf"), path("mq2.conf") } };
	struct conf_files none = { { path("absent"), path("absent2") } };
	struct conf_settings s;
	struct error err;

	error_clear(&err);
	is_int(conf_settings(&none, &s, &err), ST_OK, "no files");
	is_str(s.spool, "", "no spool");
	ok(s.autocreate, "queues are made");
	write_file("mq1.conf", "[defaults]\nspool = /a b\nautocreate = no\n[queue 3456789012345678901234567890123456789012345]\n");
	write_file("mq2.conf", "[defaults]\nlease = 1s\n");
	is_int(conf_settings(&files, &s, &err), ST_OK, "two files");
	is_str(s.spool, "/a b", "spool");
	ok(!s.autocreate, "queues are not made");
	write_file("mq2.conf", "[defaults]\nspool = /c\nautocreate = yes\n");
	is_int(conf_settings(&files, &s, &err), ST_OK, "the second file says otherwise");
	is_str(s.spool, "/c", "spool");
	ok(s.autocreate, "queues are made");
}

/* What is not a readable regular file. */
static void
odd_files(void)
{
	struct conf_files files = { { path("mq1.conf") } }, one = { { dir } };
	struct policy p;
	struct error err;

	error_clear(&err);
	is_int(conf_policy(&one, "jobs", -1, &p, &err), ST_CONF, "a directory");
	ok(strncmp(err.text, dir, strlen(dir)) == 0, err.text);
	write_file("mq1.conf", "[defaults]\nlease=7s\n");
	ok(symlink("mq1.conf", path("link.conf")) == 0, "a link");
	files.path[0] = "/dev/null";
	is_int(conf_policy(&files, "jobs", -1, &p, &err), ST_OK, "/dev/null says nothing");
	files.path[0] = path("link.conf");
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", -1, &p, &err), ST_OK, "mq.conf may be one");
	is_int(p.lease, 7 * USEC, "and is read");
	ok(unlink(path("queue.conf")) == 0 && symlink("mq2.conf", path("queue.conf")) == 0, "a link");
	is_int(conf_policy(&files, "jobs", dirfd_, &p, &err), ST_CONF, "queue.conf may not");
	ok(strncmp(err.text, "jobs/queue.conf", 15) == 0, err.text);
	ok(unlink(path("queue.conf")) == 0 && mkfifo(path("queue.conf"), 0600) == 0, "a pipe");
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", dirfd_, &p, &err), ST_CONF, "is refused and does not block");
	ok(unlink(path("queue.conf")) == 0, "gone");
	error_clear(&err);
	is_int(conf_policy(&files, "jobs", dirfd_, &p, &err), ST_OK, "no queue.conf");
	if (geteuid() == 0) {
		ok(true, "EACCES # SKIP root may read everything");
		return;
	}
	ok(chmod(path("mq1.conf"), 0) == 0, "a file that must not be read");
	is_int(conf_policy(&files, "jobs", -1, &p, &err), ST_DENIED, "is refused");
}

/* ---- editing ------------------------------------------------------------ */

static void
edits(const char *old, const char *a, const char *b, const char *want)
{
	const char *assign[] = { a, b };
	size_t len = strlen(old), outlen = 0;
	char *exact = malloc(len + 1), *out = NULL;
	struct error err;

	memcpy(exact, old, len);
	error_clear(&err);
	if (!is_int(conf_edit(exact, len, assign, (size_t)(a != NULL) + (b != NULL), &out, &outlen, &err), ST_OK, "edited"))
		printf("# %s\n", err.text);
	is_str(out != NULL ? out : "(null)", want, "the new text");
	is_int((int64_t)outlen, (int64_t)strlen(want), "its length");
	free(exact);
	free(out);
}

static void
edit_refused(const char *old, const char *a, const char *b, enum status st, const char *want)
{
	const char *assign[] = { a, b };
	char *out = NULL;
	size_t outlen;
	struct error err;

	error_clear(&err);
	is_int(conf_edit(old, strlen(old), assign, b != NULL ? 2 : 1, &out, &outlen, &err), st, "refused");
	err.text[strlen(want) < strlen(err.text) ? strlen(want) : strlen(err.text)] = '\0';
	is_str(err.text, want, "told why");
	ok(out == NULL, "no text");
}

static void
editing(void)
{
	char big[600] = "backoff=", long_path[300];

	edits("", NULL, NULL, "");
	edits("", "lease=5m", NULL, "lease = 5m\n");
	edits("", "lease=5m", "attempts=3", "lease = 5m\nattempts = 3\n");
	edits("# mine\nlease=1s\n\n# end", "lease=5m", "attempts=3", "# mine\nlease = 5m\n\n# end\nattempts = 3\n");
	edits("lease \t = 1s\nattempts=9\n", "attempts=3", NULL, "lease \t = 1s\nattempts = 3\n");
	edits("lease=1s", "lease=2s", NULL, "lease = 2s\n");
	edits("lease=junk\n", "lease=2s", NULL, "lease = 2s\n");
	edits("#lease=1s\n", "lease=2s", NULL, "#lease=1s\nlease = 2s\n");
	edits("max_size=1\n", "max_bytes=2", NULL, "max_size=1\nmax_bytes = 2\n");
	edits("group=x\n", "group=", NULL, "");
	edits("lease=1m\ngroup=x\njobs=2\n", "group=", "lease=", "jobs=2\n");
	edit_refused("", "leese=5m", NULL, ST_USAGE, "unknown key 'leese' (did you mean 'lease'?)");
	edit_refused("", "spol=5m", NULL, ST_USAGE, "unknown key 'spol'");
	edit_refused("", "lease", NULL, ST_USAGE, "'lease' is not KEY=VALUE");
	edit_refused("", "=5m", NULL, ST_USAGE, "unknown key ''");
	edit_refused("", "lease=5x", NULL, ST_USAGE, "bad value '5x' for lease (DUR): a duration above 0");
	edit_refused("", "lease= 5m", NULL, ST_USAGE, "bad value ' 5m' for lease (DUR)");
	edit_refused("", "lease=5m\nattempts=2", NULL, ST_USAGE, "bad value '5m\nattempts=2' for lease");
	edit_refused("", "group=a\nb", NULL, ST_USAGE, "bad value 'a\nb' for group");
	edit_refused("", "spool=/x", NULL, ST_USAGE, "'spool' may be set in [defaults] of mq.conf only");
	edit_refused("", "lease=5m", "lease=6m", ST_USAGE, "lease is given twice");
	edit_refused("junk\n", "lease=5m", NULL, ST_CONF, "queue.conf:1: not 'key = value'");
	edit_refused("lease=1s\nlease=2s\n", "lease=5m", NULL, ST_CONF, "queue.conf:2: 'lease' is set for the second time");
	for (int i = 0; i < 30; i++)
		(void)strcat(big, i > 0 ? ",1000000s" : "1000000s");
	edit_refused("", big, NULL, ST_USAGE, "the value of backoff is too long for a line");
	memset(long_path, 'k', sizeof(long_path));
	memcpy(long_path + 290, "=1", 3);
	edit_refused("", long_path, NULL, ST_USAGE, "unknown key 'kkk");
}

/* ---- back-off ----------------------------------------------------------- */

static void
backoff(void)
{
	struct policy p;
	struct error err;
	usec_t low = USEC_MAX, high = 0;
	bool within = true;
	int upper = 0;

	(void)policy_of("", &p, &err);
	is_int(policy_backoff(&p, 1), USEC, "after one failure");
	is_int(policy_backoff(&p, 2), 2 * USEC, "after two");
	is_int(policy_backoff(&p, 10), 512 * USEC, "after ten");
	is_int(policy_backoff(&p, 11), 600 * USEC, "the cap");
	is_int(policy_backoff(&p, INT32_MAX), 600 * USEC, "and for ever");
	(void)policy_of("backoff=0s..10m\n", &p, &err);
	is_int(policy_backoff(&p, INT32_MAX), 0, "nothing doubled is nothing");
	(void)policy_of("backoff=3s,1s,2s\n", &p, &err);
	is_int(policy_backoff(&p, 0), 3 * USEC, "the first step");
	is_int(policy_backoff(&p, 1), 3 * USEC, "the first step");
	is_int(policy_backoff(&p, 2), USEC, "the second");
	is_int(policy_backoff(&p, 3), 2 * USEC, "the last");
	is_int(policy_backoff(&p, 1000), 2 * USEC, "the last again");
	p.nsteps = 0;
	p.backoff[0] = 1;
	p.backoff[1] = USEC_MAX;
	is_int(policy_backoff(&p, 63), 1LL << 62, "near overflow");
	is_int(policy_backoff(&p, 64), USEC_MAX, "no overflow");
	for (int i = 0; i < 20000; i++) {
		usec_t d = policy_jitter(&p, 9);
		within = within && d >= 0 && d <= 9;
		low = d < low ? d : low;
		high = d > high ? d : high;
		d = policy_jitter(&p, 1LL << 40);
		within = within && d >= 0 && d <= 1LL << 40;
		within = within && policy_jitter(&p, USEC_MAX) >= 0;
		/* 2^64 is 2.67 times this: a plain remainder would give the upper third a quarter of the draws. */
		upper += policy_jitter(&p, 3LL << 61) >= 2LL << 61;
	}
	ok(within, "jitter is within 0 and the length");
	ok(low == 0 && high == 9, "both ends included");
	ok(upper > 20000 * 29 / 100, "and all of it is as likely");
	is_int(policy_jitter(&p, 0), 0, "of nothing");
	p.jitter = JITTER_NONE;
	is_int(policy_jitter(&p, 9), 9, "no jitter");
}

static void
clean_up(void)
{
	static const char *const names[] = { "mq1.conf", "mq2.conf", "queue.conf", "link.conf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path(names[i]));
	(void)close(dirfd_);
	(void)rmdir(dir);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) == -1) {
		ok(false, "cannot make a directory for the test");
		return done();
	}
	built_in();
	good_values();
	bad_values();
	property();
	lines();
	large();
	layers();
	later_file();
	sections();
	settings();
	editing();
	backoff();
	odd_files();
	clean_up();
	return done();
}
