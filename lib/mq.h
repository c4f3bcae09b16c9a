/*
 * mq.h: the contract of lib/: all that cmd/ may use of it, one door a floor.
 *
 * Every call that can fail returns an enum status (0 is ST_OK) and takes a struct error *
 * last, which is filled once by the frame that saw the trouble.  Times are usec_t:
 * microseconds since the epoch, or a length in microseconds.  Verbs take the time as an
 * argument; nothing in lib/ reads a clock but clock_now, clock_mono and the waiter.  The
 * formats are those of spool-format.md.
 */
#ifndef MQ_H
#define MQ_H

#include "base/base.h"
#include "base/names.h"
#include "base/name.h"
#include "base/idset.h"
#include "base/tar.h"
#include "base/envelope.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "life/life.h"
#include "topic/topic.h"
#include "fsck/fsck.h"

#endif
