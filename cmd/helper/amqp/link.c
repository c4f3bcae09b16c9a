/*
 * link.c: a connection and its channels, and what the server says when it refuses something.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helper/amqp/amqp.h"

/* ---- a limit for calls that have none --------------------------------------- */

static volatile sig_atomic_t link_fd = -1;

/* The call then finds that the connection has ended. */
static void
link_alarm(int sig)
{
	(void)sig;
	if (link_fd != -1)
		(void)shutdown(link_fd, SHUT_RDWR);
}

static void
link_timer(int64_t ms)
{
	struct itimerval t = { .it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };

	(void)setitimer(ITIMER_REAL, &t, NULL);
}

void
link_guard(const struct link *l)
{
	static bool ready;

	if (!ready) {
		(void)signal(SIGALRM, link_alarm);
		ready = true;
	}
	link_fd = amqp_get_sockfd(l->c);
	link_timer(l->a->set->timeout_ms);
}

void
link_unguard(void)
{
	link_timer(0);
	link_fd = -1;
}

/* ---- connections ------------------------------------------------------------- */

bool
link_open(struct amqp *a, struct link *l, bool tell, struct trouble *f)
{
	*l = (struct link){ .a = a };
	if ((l->c = amqp_new_connection()) == NULL)
		return trouble_set(f, CLASS_AGAIN, "no memory");
	if (login(a, l, tell, f))
		return true;
	(void)amqp_destroy_connection(l->c);
	l->c = NULL;
	return false;
}

/* A server that does not read would not answer a good-bye either. */
void
link_close(struct link *l)
{
	if (l->c == NULL)
		return;
	if (!l->blocked && !helper_is_down(l->a->h))
		(void)amqp_connection_close(l->c, AMQP_REPLY_SUCCESS);
	(void)amqp_destroy_connection(l->c);
	l->c = NULL;
}

/* The one that is not used for the other purpose; it is made when it is needed. */
static struct link *
link_for(struct amqp *a, struct link **use, const struct link *other)
{
	struct link *l = other == &a->links[0] ? &a->links[1] : &a->links[0];
	struct trouble f;

	if (helper_is_down(a->h))
		return NULL;
	if (*use != NULL)
		return *use;
	if (l->c == NULL && !link_open(a, l, false, &f)) {
		helper_down(a->h, "a second connection to %s: %s", a->address.host, f.text);
		return NULL;
	}
	return *use = l;
}

struct link *
link_push(struct amqp *a)
{
	return link_for(a, &a->push, a->take);
}

struct link *
link_take(struct amqp *a)
{
	return link_for(a, &a->take, a->push);
}

struct link *
link_any(struct amqp *a)
{
	if (helper_is_down(a->h))
		return NULL;
	if (a->take != NULL)
		return a->take;
	return a->push != NULL && a->push->blocked ? link_take(a) : &a->links[0];
}

/* ---- channels ---------------------------------------------------------------- */

bool
link_channel(struct link *l, amqp_channel_t ch, struct trouble *f)
{
	if (l->open[ch])
		return true;
	(void)amqp_channel_open(l->c, ch);
	if (!link_reply(l, ch, "a channel", f))
		return false;
	l->open[ch] = true;
	return true;
}

void
link_channel_close(struct link *l, amqp_channel_t ch)
{
	struct trouble f;

	if (!l->open[ch] || helper_is_down(l->a->h))
		return;
	l->open[ch] = false;
	(void)link_judge(l, ch, amqp_channel_close(l->c, ch, AMQP_REPLY_SUCCESS), "a channel", &f);
}

/* ---- what the server refuses ------------------------------------------------- */

static enum class
link_class(int code)
{
	static const struct { int code; enum class class; } codes[] = { { 311, CLASS_LARGE },
	    { 403, CLASS_PERM }, { 404, CLASS_GONE }, { 405, CLASS_PERM }, { 406, CLASS_CONF },
	    { 530, CLASS_PERM }, { 540, CLASS_CANNOT } };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].class;
	return CLASS_AGAIN;
}

static bool
link_trouble(struct trouble *f, const char *what, int code, amqp_bytes_t text)
{
	(void)trouble_set(f, link_class(code), "%s%s%.*s", what, what[0] != '\0' ? ": " : "",
	    (int)text.len, (const char *)text.bytes);
	f->code = code;
	return false;
}

void
link_closed(struct link *l, amqp_channel_t ch, const amqp_channel_close_t *m, struct trouble *f)
{
	amqp_channel_close_ok_t ok = { 0 };

	(void)link_trouble(f, "", m->reply_code, m->reply_text);
	l->open[ch] = false;
	if (ch == CHANNEL_PUSH)
		l->confirms = false;
	(void)link_sent(l, amqp_send_method(l->c, ch, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok));
}

static bool
link_lost(struct link *l, const char *what, int status, struct trouble *f)
{
	const struct amqp *a = l->a;

	if (status == AMQP_STATUS_TIMEOUT)
		(void)trouble_set(f, CLASS_AGAIN, "%s: no answer from %s within %lld ms", what,
		    a->address.host, (long long)a->set->timeout_ms);
	else
		(void)trouble_set(f, CLASS_AGAIN, "%s: the connection to %s is lost: %s", what,
		    a->address.host, amqp_error_string2(status));
	helper_down(a->h, "%s", f->text);
	return false;
}

/* What the library itself says went wrong with a call. */
static int
link_status(const amqp_rpc_reply_t *r)
{
	return r->reply_type == AMQP_RESPONSE_NONE ? AMQP_STATUS_CONNECTION_CLOSED :
	    r->library_error;
}

bool
link_judge(struct link *l, amqp_channel_t ch, amqp_rpc_reply_t r, const char *what,
    struct trouble *f)
{
	struct trouble why;

	if (r.reply_type == AMQP_RESPONSE_NORMAL)
		return true;
	if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
		return link_lost(l, what, link_status(&r), f);
	if (r.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
		link_closed(l, ch, r.reply.decoded, &why);
		(void)trouble_set(f, why.c, "%s: %s", what, why.text);
		f->code = why.code;
		return false;
	}
	if (r.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *m = r.reply.decoded;
		(void)link_trouble(f, what, m->reply_code, m->reply_text);
		helper_down(l->a->h, "the server ended the connection: %s", f->text);
		return false;
	}
	return link_lost(l, what, AMQP_STATUS_UNEXPECTED_STATE, f);
}

bool
link_reply(struct link *l, amqp_channel_t ch, const char *what, struct trouble *f)
{
	return link_judge(l, ch, amqp_get_rpc_reply(l->c), what, f);
}

bool
link_sent(struct link *l, int status)
{
	struct trouble f;

	return status == AMQP_STATUS_OK || link_lost(l, "sending", status, &f);
}
