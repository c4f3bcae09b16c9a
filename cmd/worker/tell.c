/*
 * tell.c: tells how a worker fares: people see it in the title of its process and on a terminal,
 * and the service manager is told as well.
 */
#include <stdlib.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/progress.h"
#include "worker/sources.h"
#include "worker/work.h"

static void
tell_title(const struct work *w)
{
	char more[128];

	sources_describe(w, more, sizeof(more));
	setproctitle("work %s: %d running, %llu done, %llu failed%s", w->names, w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed, more);
}

/* A worker tells that it is ready even if it is already about to end, as after -n 1. */
void
work_tell(struct work *w, usec_t mono)
{
	bool ready = w->phase == PHASE_WORKING || (w->notify.state == NULL && w->exit_code == 0);
	char status[sizeof(w->notify.status)], more[128];

	if (w->notify.fd == -1)
		return;
	sources_describe(w, more, sizeof(more));
	(void)snprintf(status, sizeof(status), "%d running, %llu done, %llu failed%s", w->running,
	    (unsigned long long)w->acked, (unsigned long long)w->failed, more);
	notify_tell(&w->notify, mono, ready ? "READY=1" : "STOPPING=1", status);
	deadline_set(&w->tell, w->notify.next);
}

static void
tell_progress(struct work *w)
{
	uint64_t ended = w->acked + w->failed;
	uint64_t left = w->left > w->started ? w->left - w->started : 0;
	char eta[DURATION_MAX];

	if (!progress_due(&w->progress))
		return;
	progress_left(&w->progress, ended, left + (uint64_t)w->running, eta);
	progress_draw("%s: %llu done, %llu failed, %d running, %llu left, "
	    "%.1f/s, %s left", w->names, (unsigned long long)w->acked,
	    (unsigned long long)w->failed, w->running, (unsigned long long)left,
	    progress_rate(&w->progress, ended), eta);
}

void
work_show(struct work *w)
{
	tell_title(w);
	tell_progress(w);
	if (w->progress.on)
		deadline_set(&w->draw, w->progress.next);
}
