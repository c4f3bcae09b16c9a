/*
 * trouble.c: why something does not go, until somebody is told.
 */
#include <stdarg.h>
#include <stdio.h>

#include "helper/core/helper.h"

bool
trouble_set(struct trouble *t, enum class c, const char *fmt, ...)
{
	va_list ap;

	t->c = c;
	t->code = 0;
	va_start(ap, fmt);
	(void)vsnprintf(t->text, sizeof(t->text), fmt, ap);
	va_end(ap);
	return false;
}
