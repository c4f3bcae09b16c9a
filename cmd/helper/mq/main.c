/*
 * main.c: mq-engine-mq, the helper whose engine is another spool on this machine.  It needs no
 * server, so all that is common to engines is tested with it, and it shows how a helper is written.
 *
 * Requests come to the functions of 'engine' below.  Each is done at once and answered, but for
 * pushes, which share their syncs (push.c), and messages to be taken, which come when there are
 * some (take.c).
 */
#include <sys/resource.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/mq/store.h"

/* The longest time that mq itself has words for: 100 years. */
#define DELAY_MAX_MS (100LL * 365 * 24 * 3600 * 1000)

/* The address is mq:///PATH.  NULL: it is none. */
static const char *
main_path(const char *url)
{
	static const char scheme[] = "mq://";

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || url[sizeof(scheme) - 1] != '/')
		return NULL;
	return url + sizeof(scheme) - 1;
}

/* The same files as mq reads.  A helper is started without the variables that name others. */
static void
main_conf_files(struct store *s)
{
	const char *home = getenv("HOME");

	s->files.path[0] = "/etc/mq.conf";
	if (home == NULL)
		return;
	(void)snprintf(s->user_conf, sizeof(s->user_conf), "%s/.config/mq/mq.conf", home);
	s->files.path[1] = s->user_conf;
}

/* Each message that is taken keeps a file open, so as many as possible may be. */
static void
main_raise_files(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) == -1)
		return;
	most.rlim_cur = most.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &most);
}

static void
main_capabilities(struct helper *h, const struct policy *p)
{
	static const char *const words[] = {"push", "take", "priority", "expiry", "key", "order",
	    "fenced", "attempts", "deliveries", "dead", "retry", "retry-one", "queues", "make"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		helper_can(h, words[i], NULL);
	helper_can_number(h, "delay", DELAY_MAX_MS);
	helper_can_number(h, "once", p->once / USEC);
	helper_can(h, "token", "any");
	helper_can_number(h, "lease", 0);
	helper_can_number(h, "extend", 0);
	helper_can_number(h, "nack-delay", 0);
	helper_can(h, "list", "ready,delayed,claimed,dead");
	helper_can(h, "stat", "ready,claimed,delayed,dead,oldest");
	helper_can(h, "durable", p->sync == SYNC_ALWAYS ? "yes" : "no");
	helper_can(h, "server", "mq-" MQ_VERSION);
}

static bool
main_open(struct helper *h, const struct settings *set)
{
	static struct store s;
	const char *path = main_path(set->url);
	struct error err = { 0 };
	struct policy p;

	s.h = h;
	s.create = set->create;
	helper_set_data(h, &s);
	if (path == NULL) {
		helper_fail(
		    h, CLASS_CONF, "'%s' is not mq:///PATH, a spool on this machine", set->url);
		return false;
	}
	main_raise_files();
	main_conf_files(&s);
	if (conf_policy(&s.files, "", -1, &p, &err) != ST_OK ||
	    spool_open(path, s.create, &s.files, &s.spool, &err) != ST_OK) {
		helper_fail(h, CLASS_CONF, "open the spool: %s", err.text);
		return false;
	}
	helper_step(h, "connect", "the spool %s", path);
	main_capabilities(h, &p);
	return true;
}

static void
main_round(struct helper *h)
{
	push_flush(helper_data(h));
}

static void
main_close(struct helper *h)
{
	struct store *s = helper_data(h);

	settle_release(s);
	push_free(s);
	queues_close(s);
	spool_close(s->spool);
}

static const struct engine engine = { .name = "mq", .open = main_open, .push = push_one,
	.take = take_change, .forget = take_forget, .ack = settle_ack, .nack = settle_nack,
	.dead = settle_dead, .extend = settle_extend, .stat = look_stat, .list = look_list,
	.queues = look_queues, .retry = retry_dead, .make = look_make, .check = look_check,
	.round = main_round, .watch = take_watch, .work = take_work, .close = main_close };

int
main(void)
{
	return helper_main(&engine, MQ_VERSION);
}
