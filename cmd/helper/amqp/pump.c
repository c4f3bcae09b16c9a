/*
 * pump.c: what the server sends unasked: confirms, deliveries, and the end of channels.
 */
#include <poll.h>
#include <string.h>

#include "helper/amqp/amqp.h"

/* A method that is followed by a message: read it, too. */
static bool
pump_message(struct link *l, amqp_channel_t ch, amqp_message_t *m)
{
	struct trouble f;

	return link_judge(l, ch, amqp_read_message(l->c, ch, m, 0), "a message", &f);
}

static void
pump_returned(struct link *l, amqp_channel_t ch, const amqp_basic_return_t *r)
{
	char queue[QUEUE_NAME];
	amqp_message_t m;
	size_t len = r->routing_key.len < sizeof(queue) ? r->routing_key.len : sizeof(queue) - 1;

	memcpy(queue, r->routing_key.bytes, len);
	queue[len] = '\0';
	if (!pump_message(l, ch, &m))
		return;
	publish_returned(l->a, queue, &m);
	amqp_destroy_message(&m);
}

static void
pump_channel_closed(struct link *l, amqp_channel_t ch, const amqp_channel_close_t *m)
{
	struct trouble f;

	link_closed(l, ch, m, &f);
	if (ch == CHANNEL_PUSH)
		publish_closed(l->a, &f);
	else if (ch >= CHANNEL_TAKE) {
		if (f.code == 406)	/* a message was held for too long (consumer_timeout) */
			f.c = CLASS_AGAIN;
		take_ended(l->a, ch, &f);
	}
}

static void
pump_blocked(struct link *l, const amqp_connection_blocked_t *m)
{
	l->blocked = true;
	helper_state(l->a->h, STATE_BLOCKED, "the server takes no messages: %.*s",
	    (int)m->reason.len, (const char *)m->reason.bytes);
}

static void
pump_unblocked(struct link *l)
{
	l->blocked = false;
	helper_state(l->a->h, STATE_UP, "the server takes messages again");
}

static void
pump_connection(struct link *l, const amqp_method_t *m)
{
	const amqp_connection_close_t *close = m->decoded;

	if (m->id == AMQP_CONNECTION_CLOSE_METHOD)
		helper_down(l->a->h, "the server ended the connection: %.*s",
		    (int)close->reply_text.len, (const char *)close->reply_text.bytes);
	else if (m->id == AMQP_CONNECTION_BLOCKED_METHOD)
		pump_blocked(l, m->decoded);
	else if (m->id == AMQP_CONNECTION_UNBLOCKED_METHOD)
		pump_unblocked(l);
}

static void
pump_confirmed(struct amqp *a, const amqp_method_t *m)
{
	const amqp_basic_ack_t *ack = m->decoded;
	const amqp_basic_nack_t *nack = m->decoded;

	if (m->id == AMQP_BASIC_ACK_METHOD)
		publish_confirmed(a, ack->delivery_tag, ack->multiple, true);
	else
		publish_confirmed(a, nack->delivery_tag, nack->multiple, false);
}

/* The server ends a consumer when its queue is deleted. */
static void
pump_cancelled(struct amqp *a, amqp_channel_t ch)
{
	struct trouble f;

	(void)trouble_set(&f, CLASS_GONE, "the queue was deleted");
	take_ended(a, ch, &f);
}

static void
pump_method(struct link *l, amqp_channel_t ch, const amqp_method_t *m)
{
	switch (m->id) {
	case AMQP_BASIC_ACK_METHOD:
	case AMQP_BASIC_NACK_METHOD:
		pump_confirmed(l->a, m);
		break;
	case AMQP_BASIC_RETURN_METHOD:
		pump_returned(l, ch, m->decoded);
		break;
	case AMQP_BASIC_DELIVER_METHOD:
		take_delivered(l, ch, m->decoded);
		break;
	case AMQP_BASIC_QOS_OK_METHOD:
		take_barrier(l->a, ch);
		break;
	case AMQP_BASIC_CANCEL_METHOD:
		pump_cancelled(l->a, ch);
		break;
	case AMQP_CHANNEL_CLOSE_METHOD:
		pump_channel_closed(l, ch, m->decoded);
		break;
	default:
		break;
	}
}

void
pump(struct link *l)
{
	struct timeval none = { 0 };
	struct amqp *a = l->a;
	amqp_frame_t frame;
	int status = AMQP_STATUS_OK;

	if (l->c == NULL)
		return;
	link_guard(l);
	while (!helper_is_down(a->h) &&
	    (status = amqp_simple_wait_frame_noblock(l->c, &frame, &none)) == AMQP_STATUS_OK) {
		if (frame.frame_type == AMQP_FRAME_METHOD && frame.channel == 0)
			pump_connection(l, &frame.payload.method);
		else if (frame.frame_type == AMQP_FRAME_METHOD)
			pump_method(l, frame.channel, &frame.payload.method);
		amqp_maybe_release_buffers(l->c);
	}
	link_unguard();
	if (status != AMQP_STATUS_OK && status != AMQP_STATUS_TIMEOUT)
		(void)link_sent(l, status);
}

void
pump_wait(struct link *l, usec_t deadline)
{
	struct pollfd p = { .fd = amqp_get_sockfd(l->c), .events = POLLIN };
	usec_t left = deadline - clock_mono();

	if (!amqp_frames_enqueued(l->c) && !amqp_data_in_buffer(l->c) && left > 0)
		(void)poll(&p, 1, (int)(left / 1000) + 1);
	pump(l);
}
