/*
 * frame.h: the frames of the engine protocol (mq-engine(7)), for mq and for its helpers alike.
 *
 * A frame is a line of words.  The lines "push", "msg" and "item" tell the lengths of a header
 * block and of a body in their fifth and sixth word, and these bytes follow the line.
 */
#ifndef CMD_FRAME_FRAME_H
#define CMD_FRAME_FRAME_H

#include "base/base.h"

#define FRAME_LINE_MAX 4095	/* bytes of a line, without its newline */
#define FRAME_WORDS 64		/* words of a line */
#define FRAME_BODY_MAX (1LL << 30)	/* bytes of a body */
#define FRAME_TOKEN_MAX 1500	/* characters of a token: ASCII without blanks */
#define FRAME_TAG_MAX 24	/* bytes of a tag, with NUL */

/* ---- class.c --------------------------------------------------------------- */

/* What went wrong in an engine.  mq-engine(7) says which is to be used when. */
enum class {
	CLASS_AGAIN,	/* away, throttled, blocked: later it may work */
	CLASS_FULL,	/* the engine has no room now */
	CLASS_DATA,	/* this message cannot be held by the engine, whatever its size */
	CLASS_LARGE,	/* this message is too large for the engine */
	CLASS_GONE,	/* there is no such queue or message */
	CLASS_PERM,	/* the engine does not allow it */
	CLASS_CONF,	/* address, credentials or certificates are wrong */
	CLASS_LOST,	/* the claim has ended, or it belongs to somebody else */
	CLASS_CANNOT,	/* the engine has no way to do this */
	CLASS_UNKNOWN	/* it may be done or not */
};
#define NCLASSES 10
extern const char *const class_names[NCLASSES];
/* The class of that name.  -1: there is none. */
int class_parse(const char *text);
/* The status that a verb ends with. */
enum status class_status(enum class c);

/* ---- reader.c -------------------------------------------------------------- */

struct frame {
	int n;
	char *word[FRAME_WORDS];	/* with their escapes resolved */
	const char *head, *body;	/* not ended by NUL; NULL: this kind of frame has none */
	size_t headlen, bodylen;
};

/* Bytes that were read and not taken apart yet.  Set it to zero before the first use. */
struct reader {
	char *data;
	size_t from, len, cap;
	size_t need;		/* bytes from 'from' on without which no frame is whole */
	bool ended;		/* the other side sends nothing more */
};

/*
 * Read once from the descriptor, which may be non-blocking.  ST_NONE: there was nothing to read.
 * At the end of the stream r->ended becomes true.
 */
enum status reader_fill(struct reader *r, int fd, struct error *err) MUST_CHECK;
/*
 * Take the next frame, which is valid until the next reader_fill.  ST_NONE: it is not complete yet.
 * ST_BADDATA: the bytes are no frame.
 */
enum status reader_next(struct reader *r, struct frame *f, struct error *err) MUST_CHECK;
void reader_free(struct reader *r);

/* The value of the word "NAME=VALUE" from the word 'first' on.  NULL: there is none. */
const char *frame_field(const struct frame *f, int first, const char *name);
/* Such a value as a number from 'min' to 'max', or 'absent'.  False: it is something else. */
bool frame_number(const struct frame *f, int first, const char *name, int64_t min, int64_t max,
    int64_t absent, int64_t *n) MUST_CHECK;

/* ---- writer.c -------------------------------------------------------------- */

/* Frames that are to be sent.  Set it to zero before the first use. */
struct writer {
	char *data;
	size_t from, len, cap;
	size_t line;		/* where the present line begins */
	bool broken;		/* there was no memory, or a line became too long */
};

/* A line: begin it, add words, and end it.  A word of NULL or "" is sent as "-". */
void writer_begin(struct writer *w, const char *word);
void writer_word(struct writer *w, const char *word);
void writer_number(struct writer *w, int64_t n);
/* Add "NAME=TEXT"; nothing if the text is NULL. */
void writer_field(struct writer *w, const char *name, const char *text);
/* Add "NAME=N"; nothing if it is 'absent'. */
void writer_field_number(struct writer *w, const char *name, int64_t n, int64_t absent);
/* Add a text that may be cut to what has room in the line. */
void writer_text(struct writer *w, const char *text);
void writer_end(struct writer *w);
/* Add the bytes that follow a line. */
void writer_bytes(struct writer *w, const void *data, size_t len);
size_t writer_pending(const struct writer *w);
/* Write what a non-blocking descriptor takes now.  ST_IO: the other side is gone. */
enum status writer_flush(struct writer *w, int fd, struct error *err) MUST_CHECK;
void writer_free(struct writer *w);

/* ---- message.c ------------------------------------------------------------- */

/* A message on its way between mq and an engine. */
struct message {
	const char *queue;
	const char *id;		/* "": it has none that mq knows */
	/* the header block, with its empty line; of a message without headers NULL */
	const char *head;
	size_t headlen;
	const char *body;
	size_t bodylen;
	int64_t size;		/* of the whole body, where 'body' is only its beginning; else -1 */
	const char *key;	/* of the order; NULL: none */
	/* push it only if none was pushed under this before; NULL: always */
	const char *once;
	int priority;
	int64_t delay_ms;	/* push: not before so many milliseconds */
	usec_t expires;		/* 0: never */
	usec_t enqueued;	/* 0: unknown */
	int64_t attempts;	/* failures that count */
	int64_t deliveries;	/* as the engine counts; 0: it does not */
	const char *reason;	/* of a dead letter; NULL: none */
	/* the relays that it came through, with commas between; NULL: none */
	const char *via;
	bool maybe;		/* it may have been sent before */
	bool derived;		/* the engine gave 'id', and not mq */
	bool changing;		/* 'id' is another one at each delivery */
};
#define MESSAGE_NONE { .size = -1, .priority = 5 }

/* Send a message: a line "KIND FIRST SECOND ID HEAD BODY FIELD..." and its bytes. */
void message_put(struct writer *w, const char *kind, const char *first, const char *second,
    const struct message *m);
/*
 * Whether the line of the message has room, with a first and a second word of so many bytes
 * together.  The others are a few numbers.
 */
bool message_fits(const struct message *m, size_t words);
/* Take a message from such a frame; m->queue is left alone.  ST_BADDATA: a field is wrong. */
enum status message_get(const struct frame *f, struct message *m, struct error *err) MUST_CHECK;

#endif
