/*
 * main.c: mq-engine-mq, the helper whose engine is another spool on this machine.  It needs no
 * server, so all that is common to engines is tested with it, and it shows how a helper is written.
 */
#include "helper/core/helper.h"

static const struct engine spool = { .name = "mq" };

int
main(void)
{
	return helper_main(&spool, MQ_VERSION);
}
