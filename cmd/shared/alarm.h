/*
 * alarm.h: an alarm that rings again and again.  It is blocked except while we wait for output,
 * because on a network file system it could interrupt any other call, too.
 */
#ifndef CMD_SHARED_ALARM_H
#define CMD_SHARED_ALARM_H

#include "base/base.h"

void alarm_open(void);
/* Ring once every 'interval'.  0: stop ringing. */
void alarm_every(usec_t interval);
/* alarm_rang says whether the alarm rang since alarm_heard was called last. */
bool alarm_rang(void);
void alarm_heard(void);
/* Set whether the alarm may interrupt system calls from now on; alarm_is_let returns that. */
void alarm_let(bool in);
bool alarm_is_let(void);

#endif
