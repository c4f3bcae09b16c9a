/*
 * inside.h: the state of a helper, for the files of this folder alone.
 */
#ifndef CMD_HELPER_CORE_INSIDE_H
#define CMD_HELPER_CORE_INSIDE_H

#include "helper/core/helper.h"

struct helper {
	const struct engine *engine;
	struct settings set;
	struct reader in;
	struct writer out;
	struct taking *takings;
	void *data;
	bool ready;		/* "open" succeeded */
	bool down;		/* the connection is lost: end */
	bool bye;		/* mq wants no more */
	bool broken;		/* mq sent what is no frame */
	char caps[FRAME_LINE_MAX / 2];
};

/* ---- request.c ------------------------------------------------------------- */

/* Do what one frame asks for. */
void request_do(struct helper *h, const struct frame *f);
/* Free all takings. */
void request_forget(struct helper *h);

#endif
