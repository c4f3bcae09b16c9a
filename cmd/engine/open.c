/*
 * open.c: the beginning and the end of a helper.
 */
#include <sys/stat.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "engine/inside.h"

/* ---- what is set -------------------------------------------------------- */

static void
open_set(struct engine *e, const char *key, const char *value)
{
	if (value == NULL)
		return;
	writer_begin(&e->out, "set");
	writer_word(&e->out, key);
	writer_word(&e->out, value);
	writer_end(&e->out);
}

static void
open_set_number(struct engine *e, const char *key, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	if (n > 0)
		open_set(e, key, text);
}

/*
 * Where the secrets are, if the section names no file: what systemd gives the service, or the
 * user's own file.  Only the name of the file is passed on.
 */
static void
open_credentials(struct engine *e, const struct address *a)
{
	const char *service = getenv("CREDENTIALS_DIRECTORY"), *xdg = getenv("XDG_CONFIG_HOME"),
	    *home = getenv("HOME");
	char path[4096];
	int n = 0;

	if (a->credentials != NULL) {
		open_set(e, "credentials", a->credentials);
		return;
	}
	if (service != NULL && a->what[0] == '@') {
		n = snprintf(path, sizeof(path), "%s/mq-%.*s", service,
		    (int)strcspn(a->what + 1, "/"), a->what + 1);
		if (n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0) {
			open_set(e, "credentials", path);
			return;
		}
	}
	if (xdg != NULL && xdg[0] == '/')
		n = snprintf(path, sizeof(path), "%s/mq/credentials", xdg);
	else if (home != NULL)
		n = snprintf(path, sizeof(path), "%s/.config/mq/credentials", home);
	if (n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0)
		open_set(e, "credentials", path);
}

static void
open_settings(struct engine *e, const struct address *a, const struct engine_options *opt)
{
	open_set(e, "url", a->url);
	open_credentials(e, a);
	open_set(e, "ca", a->ca);
	open_set(e, "cert", a->cert);
	open_set(e, "key", a->key);
	open_set(e, "tls-name", a->tls_name);
	open_set(e, "client", opt->client);
	open_set_number(e, "timeout", a->timeout_ms);
	open_set_number(e, "lease", opt->lease / 1000);
	open_set_number(e, "window", opt->window);
	if (!a->verify)
		open_set(e, "verify", "no");
	if (a->insecure)
		open_set(e, "insecure", "yes");
	if (a->transactions)
		open_set(e, "transactions", "yes");
	for (size_t i = 0; opt->doubt != NULL && i < opt->doubt->n; i++)
		open_set(e, "doubt", opt->doubt->name[i]);
	if (opt->create)
		open_set(e, "create", "yes");
	writer_begin(&e->out, "open");
	writer_end(&e->out);
}

/* ---- opening ------------------------------------------------------------ */

static enum status
open_caps(struct engine *e, const struct frame *f, struct error *err)
{
	size_t len = 0;
	char *at;

	for (int i = 1; i < f->n; i++)
		len += strlen(f->word[i]) + 1;
	e->caps_text = malloc(len + 1);
	free(e->caps);
	e->caps = calloc((size_t)f->n + 1, sizeof(*e->caps));
	if (e->caps_text == NULL || e->caps == NULL)
		return error_sys(err, ENOMEM, "helper");
	at = e->caps_text;
	for (int i = 1; i < f->n; i++) {
		len = strlen(f->word[i]) + 1;
		e->caps[i - 1] = memcpy(at, f->word[i], len);
		at += len;
	}
	return ST_OK;
}

static enum status
open_refused(struct engine *e, const char *class, const char *text, struct error *err)
{
	int c = class_parse(class);

	engine_lose(e, c == -1 ? CLASS_UNKNOWN : (enum class)c, "%s", text);
	return error_set(err, c == -1 || c == CLASS_UNKNOWN ? ST_AGAIN :
	    class_status((enum class)c), 0, "%s: %s", e->address->what, text);
}

/* Take one frame that comes before "ready".  ST_NONE: more are to come. */
static enum status
open_take(struct engine *e, const struct frame *f, struct error *err)
{
	const char *word = f->word[0];

	if (e->name[0] == '\0') {
		if (strcmp(word, "mq-engine") != 0 || f->n < 4 || strcmp(f->word[1], "1") != 0) {
			engine_lose(e, CLASS_CONF, "no helper of version 1 of the protocol");
			return error_set(err, ST_CONF, 0, "%s/%s: %s: see mq-engine(7)",
			    process_dir(), e->address->helper, e->text);
		}
		(void)snprintf(e->name, sizeof(e->name), "%s", f->word[2]);
		return ST_NONE;
	}
	if (strcmp(word, "ready") == 0)
		return open_caps(e, f, err);
	if (strcmp(word, "fail") == 0 && f->n >= 3)
		return open_refused(e, f->word[1], f->word[2], err);
	if (strcmp(word, "step") == 0 && f->n >= 3) {
		if (e->opt.step != NULL)
			e->opt.step(e->opt.arg, f->word[1], f->word[2]);
		return ST_NONE;
	}
	return strcmp(word, "state") == 0 ? ST_NONE :
	    error_set(err, ST_CONF, 0, "%s: '%.60s' before \"ready\": see mq-engine(7)",
	    e->address->helper, word);
}

enum status
engine_begun(struct engine *e, struct error *err)
{
	enum status st = ST_NONE;
	struct frame f;

	while (st == ST_NONE && engine_frame(e, &f) == ST_OK)
		st = open_take(e, &f, err);
	if (st == ST_OK) {
		e->opening = 0;
		e->heard = clock_mono();
		if (e->address->transactions && !engine_can(e, "transactions"))
			return error_set(err, ST_CONF, 0, "%s: %s has no transactions: take "
			    "'transactions = yes' out of mq.conf", e->address->what, e->name);
	}
	if (st != ST_NONE)
		return st;
	if (e->down)
		return error_set(err, ST_AGAIN, 0, "%s: %s", e->address->what, e->text);
	if (clock_mono() >= e->opening)
		return error_set(err, ST_AGAIN, 0, "%s: %s does not answer", e->address->what,
		    e->address->helper);
	return ST_NONE;
}

enum status
engine_begin(struct run *r, const struct address *a, const struct engine_options *opt,
    struct engine **out, struct error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	enum status st;

	*out = NULL;
	if (e == NULL || (e->caps = calloc(1, sizeof(*e->caps))) == NULL) {
		free(e);
		return error_sys(err, ENOMEM, "helper");
	}
	e->r = r;
	e->address = a;
	e->opt = *opt;
	e->timeout = a->timeout_ms * 1000;
	/* Connecting has one time limit, and a helper three of them. */
	e->opening = clock_mono() + 3 * e->timeout;
	if ((st = process_start(a->helper, &e->process, err)) != ST_OK) {
		engine_drop(e);
		return st;
	}
	open_settings(e, a, opt);
	*out = e;
	return ST_OK;
}

enum status
engine_open(struct run *r, const struct address *a, const struct engine_options *opt,
    struct engine **out, struct error *err)
{
	struct pollfd p[ENGINE_FDS];
	enum status st = engine_begin(r, a, opt, out, err);

	while (st == ST_OK && *out != NULL && (st = engine_begun(*out, err)) == ST_NONE) {
		if (run_stopped()) {
			st = error_set(err, ST_AGAIN, 0, "%s: a signal came", a->what);
			break;
		}
		(void)engine_poll(*out, p);
		(void)poll(p, ENGINE_FDS, 200);
		st = ST_OK;
	}
	if (st == ST_OK)
		return ST_OK;
	engine_drop(*out);
	*out = NULL;
	return st;
}

/* Let the helper give back what it holds, and read what it still says. */
static void
close_politely(struct engine *e)
{
	usec_t deadline = clock_mono() + e->timeout;
	struct pollfd p[ENGINE_FDS];
	struct frame f;

	writer_begin(&e->out, "bye");
	writer_end(&e->out);
	while (!e->down && clock_mono() < deadline) {
		if (engine_frame(e, &f) == ST_OK) {
			if (strcmp(f.word[0], "bye") == 0)
				return;
			continue;
		}
		(void)engine_poll(e, p);
		(void)poll(p, ENGINE_FDS, 200);
	}
}

static void
close_end(struct engine *e, usec_t deadline)
{
	process_end(&e->process, deadline);
	reader_free(&e->in);
	writer_free(&e->out);
	free(e->asked);
	free(e->credit);
	free(e->caps);
	free(e->caps_text);
	free(e);
}

void
engine_close(struct engine *e)
{
	if (e == NULL)
		return;
	if (!e->down)
		close_politely(e);
	close_end(e, clock_mono() + (e->down ? USEC : e->timeout));
}

void
engine_drop(struct engine *e)
{
	if (e != NULL)
		close_end(e, 0);
}
