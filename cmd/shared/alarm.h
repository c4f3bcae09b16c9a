/*
 * alarm.h: an alarm that rings again and again, and interrupts nothing but a wait for output: on a
 * network file system any other call could be interrupted, too.
 */
#ifndef CMD_SHARED_ALARM_H
#define CMD_SHARED_ALARM_H

#include "base/base.h"

void alarm_open(void);
/* How often it rings; 0: no more. */
void alarm_every(usec_t interval);
/* Whether it rang; and forget that it did. */
bool alarm_rang(void);
void alarm_heard(void);
/* Let it interrupt system calls from now on, or not; whether it may. */
void alarm_let(bool in);
bool alarm_is_let(void);

#endif
