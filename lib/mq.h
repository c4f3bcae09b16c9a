/*
 * mq.h: the contract of lib/, which is all that cmd/ may use of it.  Each floor has one header or
 * more.
 *
 * Every call that can fail returns an enum status (0 is ST_OK) and takes a struct error * as its
 * last argument.  The function that saw the trouble fills the error once.  Times are usec_t:
 * microseconds since the epoch, or a length in microseconds.  Verbs take the time as an argument,
 * because only clock_now, clock_mono and the waiter read a clock in lib/.  spool-format.md defines
 * all formats.
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
