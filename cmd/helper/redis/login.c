/*
 * login.c: who we are, which database, and what the server is like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

/* What the server said while it was asked. */
static struct {
	struct error error;	/* the first one */
	enum class class;
	char version[32], name[32], server[80], policy[32], role[16], mode[16];
	bool aof, fsync_known, fsync_always, has_script;
	int64_t bulk_max;
} said;

static void
login_refuse(enum class class, const char *text)
{
	if (said.error.status != ST_OK)
		return;
	said.class = class;
	(void)error_set(&said.error, ST_CONF, 0, "login: %s", text);
}

static void
login_simple(struct redis *r, struct call *c, const struct reply *reply)
{
	const char *file = r->set->credentials;
	char text[400];

	(void)c;
	(void)snprintf(text, sizeof(text), "%.300s%s%s", reply->text,
	    file != NULL ? "; the login is from " : "", file != NULL ? file : "");
	if (reply->type == '-')
		login_refuse(client_class(reply), text);
}

/* Copy the value of the line "NAME:VALUE". */
static void
login_line(const char *info, const char *name, char *to, size_t size)
{
	size_t len = strlen(name);

	for (const char *p = info; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			(void)snprintf(to, size, "%.*s", (int)strcspn(p, "\r\n"), p);
			return;
		}
}

static void
login_info(struct redis *r, struct call *c, const struct reply *reply)
{
	char aof[8] = "", version[32] = "";

	(void)r, (void)c;
	if (reply->type != '$') {
		login_refuse(reply->type == '-' ? client_class(reply) : CLASS_CONF, reply->text);
		return;
	}
	login_line(reply->text, "redis_version", said.version, sizeof(said.version));
	login_line(reply->text, "server_name", said.name, sizeof(said.name));
	login_line(reply->text, "valkey_version", version, sizeof(version));
	login_line(reply->text, "maxmemory_policy", said.policy, sizeof(said.policy));
	login_line(reply->text, "role", said.role, sizeof(said.role));
	login_line(reply->text, "redis_mode", said.mode, sizeof(said.mode));
	login_line(reply->text, "aof_enabled", aof, sizeof(aof));
	said.aof = strcmp(aof, "1") == 0;
	(void)snprintf(said.server, sizeof(said.server), "%s %s",
	    said.name[0] != '\0' ? said.name : "redis",
	    version[0] != '\0' ? version : said.version);
}

/* A user may not be allowed to ask this; then it is not known. */
static void
login_config(struct redis *r, struct call *c, const struct reply *reply)
{
	(void)r, (void)c;
	for (int64_t i = 0; i + 1 < reply->n && reply->type == '*'; i += 2) {
		const char *name = resp_item(reply, i)->text;
		const char *value = resp_item(reply, i + 1)->text;
		if (strcmp(name, "appendfsync") == 0) {
			said.fsync_known = true;
			said.fsync_always = strcmp(value, "always") == 0;
		} else if (strcmp(name, "proto-max-bulk-len") == 0)
			said.bulk_max = strtoll(value, NULL, 10);
	}
}

static void
login_script(struct redis *r, struct call *c, const struct reply *reply)
{
	(void)r, (void)c;
	said.has_script = resp_item(reply, 0)->n == 1;
}

/* ---- asking --------------------------------------------------------------- */

static void
login_ask(struct redis *r, struct client *c, const char *const *words, int n,
    void (*done)(struct redis *, struct call *, const struct reply *))
{
	struct args a = { 0 };

	for (int i = 0; i < n; i++)
		if (words[i] != NULL)
			args_text(&a, words[i]);
	(void)client_send(r, c, &a, done, NULL);
}
#define ASK(done, ...) \
	login_ask(r, c, (const char *const[]){ __VA_ARGS__ }, \
	    (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)), done)

static void
login_who(struct redis *r, struct client *c)
{
	char db[24];

	(void)snprintf(db, sizeof(db), "%lld", (long long)r->db);
	if (r->password != NULL)
		ASK(login_simple, "AUTH", r->user, r->password);
	if (r->db != 0)
		ASK(login_simple, "SELECT", db);
}

static void
login_what(struct redis *r, struct client *c)
{
	ASK(login_info, "INFO");
	ASK(login_config, "CONFIG", "GET", "appendfsync");
	ASK(login_config, "CONFIG", "GET", "proto-max-bulk-len");
	ASK(login_script, "SCRIPT", "EXISTS", r->sum);
}

/* ---- judging -------------------------------------------------------------- */

/* Versions below 6.2 lack commands that the script needs. */
static bool
login_old(const char *version)
{
	char *end;
	long major = strtol(version, &end, 10);

	return major < 6 || (major == 6 && (*end != '.' || strtol(end + 1, NULL, 10) < 2));
}

static void
login_judge(void)
{
	char text[300];

	if (login_old(said.version)) {
		(void)snprintf(text, sizeof(text), "Redis %s is too old: 6.2 is needed",
		    said.version);
		login_refuse(CLASS_CONF, text);
	} else if (strcmp(said.mode, "sentinel") == 0)
		login_refuse(CLASS_CONF, "this is a sentinel, which holds no data");
	else if (strcmp(said.role, "slave") == 0)
		login_refuse(CLASS_AGAIN, "this is a replica, where nothing can be changed");
	else if (said.policy[0] != '\0' && strcmp(said.policy, "noeviction") != 0) {
		(void)snprintf(text, sizeof(text), "maxmemory-policy is %s, by which Redis deletes "
		    "queues when its memory is full: 'CONFIG SET maxmemory-policy noeviction'",
		    said.policy);
		login_refuse(CLASS_CONF, text);
	}
}

static void
login_can(struct redis *r)
{
	static const char *const words[] = { "push", "take", "priority", "expiry", "key", "order",
		"dedup", "fenced", "attempts", "deliveries", "dead", "retry", "retry-one", "queues",
		"make", "stay" };

	r->max_body = REDIS_BODY_MAX;
	if (said.bulk_max > 0 && said.bulk_max < r->max_body)
		r->max_body = said.bulk_max;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		helper_can(r->h, words[i], NULL);
	helper_can_number(r->h, "max-body", r->max_body);
	helper_can_number(r->h, "delay", REDIS_DELAY_MAX);
	helper_can_number(r->h, "once", REDIS_ONCE_S);
	helper_can(r->h, "token", "any");
	helper_can_number(r->h, "lease", 0);
	helper_can_number(r->h, "extend", 0);
	helper_can_number(r->h, "nack-delay", 0);
	helper_can(r->h, "list", "ready,delayed,claimed,dead");
	helper_can(r->h, "stat", "ready,claimed,delayed,dead,oldest");
	helper_can(r->h, "durable", !said.aof ? "no" : !said.fsync_known ? "unknown" :
	    said.fsync_always ? "yes" : "no");
	helper_can(r->h, "server", said.server);
}

bool
login(struct redis *r, struct client *c, bool first, enum class *class, struct error *err)
{
	usec_t deadline = clock_mono() + r->set->timeout_ms * 1000;
	struct error late = { 0 };

	memset(&said, 0, sizeof(said));
	STAILQ_INIT(&c->calls);
	if ((c->net = net_open(first ? r->h : NULL, r->set, &r->address, r->tls, err)) == NULL) {
		*class = net_class(err->status);
		return false;
	}
	login_who(r, c);
	if (first)
		login_what(r, c);
	if (!client_drain(r, c, deadline, &late))
		login_refuse(CLASS_AGAIN, late.text);
	else if (first)
		login_judge();
	if (said.error.status == ST_OK && first && !said.has_script) {
		ASK(login_simple, "SCRIPT", "LOAD", script_text);
		if (!client_drain(r, c, deadline, &late))
			login_refuse(CLASS_AGAIN, late.text);
	}
	if (said.error.status != ST_OK) {
		*class = said.class;
		*err = said.error;
		return false;
	}
	if (first) {
		helper_step(r->h, "login", "%s, database %lld", said.server, (long long)r->db);
		login_can(r);
	}
	return true;
}
