/*
 * bare_amqp.c: what a plain client of RabbitMQ needs, for comparison with mq.
 *
 *	bare_amqp PORT push|consume|one N SIZE WINDOW
 *
 * push: N persistent messages to the durable queue "bare", WINDOW of them unconfirmed at most.  consume: with that
 * prefetch, and one ack for 50.  one: connect, one message, its confirm.  Prints the nanoseconds that it took.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

static amqp_connection_state_t c;

static void
good(const char *what)
{
	if (amqp_get_rpc_reply(c).reply_type != AMQP_RESPONSE_NORMAL)
		errx(1, "%s", what);
}

static void
push(int n, char *body, size_t size, int window)
{
	amqp_basic_properties_t props = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };
	amqp_bytes_t bytes = { size, body };
	int sent = 0, done = 0;

	amqp_confirm_select(c, 1);
	good("confirm.select");
	while (done < n) {
		amqp_frame_t frame;
		while (sent < n && sent - done < window) {
			if (amqp_basic_publish(c, 1, amqp_empty_bytes, amqp_cstring_bytes("bare"), 1, 0, &props,
			    bytes) != AMQP_STATUS_OK)
				errx(1, "publish");
			sent++;
		}
		amqp_maybe_release_buffers(c);
		if (amqp_simple_wait_frame(c, &frame) != AMQP_STATUS_OK)
			errx(1, "wait");
		if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
			amqp_basic_ack_t *ack = frame.payload.method.decoded;
			done = ack->multiple ? (int)ack->delivery_tag : done + 1;
		}
	}
}

static void
consume(int n, int window)
{
	amqp_envelope_t e;

	amqp_basic_qos(c, 1, 0, (uint16_t)window, 0);
	amqp_basic_consume(c, 1, amqp_cstring_bytes("bare"), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
	good("consume");
	for (int i = 1; i <= n; i++) {
		amqp_maybe_release_buffers(c);
		if (amqp_consume_message(c, &e, NULL, 0).reply_type != AMQP_RESPONSE_NORMAL)
			errx(1, "%d of %d messages", i, n);
		if (i % 50 == 0 || i == n)
			amqp_basic_ack(c, 1, e.delivery_tag, 1);
		amqp_destroy_envelope(&e);
	}
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	amqp_socket_t *s;
	amqp_table_entry_t quorum = { .key = amqp_cstring_bytes("x-queue-type"),
	    .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum") } };
	amqp_table_t args = { 1, &quorum };
	char *body;
	int n;

	if (argc != 6)
		errx(64, "usage: bare_amqp port push|consume|one n size window");
	clock_gettime(CLOCK_MONOTONIC, &a);
	c = amqp_new_connection();
	s = amqp_tcp_socket_new(c);
	if (amqp_socket_open(s, "127.0.0.1", atoi(argv[1])) != 0 || amqp_login(c, "/", 0, 131072, 0,
	    AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL)
		errx(1, "login");
	amqp_channel_open(c, 1);
	amqp_queue_declare(c, 1, amqp_cstring_bytes("bare"), 0, 1, 0, 0, args);
	good("queue");
	n = atoi(argv[3]);
	body = calloc((size_t)atoi(argv[4]) + 1, 1);
	if (argv[2][0] == 'c')
		consume(n, atoi(argv[5]));
	else
		push(argv[2][0] == 'o' ? 1 : n, body, (size_t)atoi(argv[4]), atoi(argv[5]));
	amqp_connection_close(c, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(c);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lld\n", (long long)(b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec);
	return 0;
}
