/*
 * inside.h: the state of a running helper, for the files of this folder.
 */
#ifndef CMD_ENGINE_INSIDE_H
#define CMD_ENGINE_INSIDE_H

#include "engine/engine.h"
#include "engine/start.h"

/* A request that has no answer yet. */
struct asked {
	uint64_t tag;
	usec_t sent;		/* clock_mono */
	void *data;
};

/* How many messages of a queue may still come. */
struct credit {
	char queue[TARGET_MAX];
	int64_t n;
};

struct engine {
	struct run *r;
	const struct address *address;
	struct engine_options opt;
	struct process process;
	usec_t opening;		/* clock_mono: until then it has to be ready; 0: it is */
	char name[64];
	char *caps_text, **caps;
	struct reader in;
	struct writer out;
	struct asked *asked;	/* in the order of their tags */
	size_t nasked, asked_cap;
	struct credit *credit;
	size_t ncredit;
	uint64_t tag;
	usec_t timeout;
	usec_t heard;		/* when the helper last said something, or began to be waited for */
	usec_t answered;	/* when the last request was answered */
	bool pinged;
	bool down;		/* it is gone; what is open is to be told of */
	bool told;		/* EV_DOWN was given */
	enum class why;
	char text[600];
	char line[1024];	/* of its stderr */
	size_t nline;
};

/* Take note that the helper is of no use any more.  The first reason stands. */
void engine_lose(struct engine *e, enum class why, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Pass on what the helper has written to its stderr. */
void engine_hear(struct engine *e);
/* The next frame, after what can be read and written now was.  ST_NONE: there is none. */
enum status engine_frame(struct engine *e, struct frame *f) MUST_CHECK;

#endif
