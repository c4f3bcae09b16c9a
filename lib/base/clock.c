/*
 * clock.c: times and durations as text.
 *
 * The arithmetic is in integers, so that what is printed reads back to the same microsecond.  The
 * calendar is computed here and not by gmtime and timegm, which look for time zones on first use.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

#define MSEC   1000LL
#define MINUTE (60 * USEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)

#define DURATION_LIMIT (36525 * DAY)		/* 100 years */
#define TIME_LIMIT     253402300799999999LL	/* 9999-12-31T23:59:59.999999Z */

struct civil { int year, month, day, hour, minute, second, usec; };

static usec_t
clock_read(clockid_t which)
{
	struct timespec ts;

	/* This fails only for a clock that does not exist. */
	if (clock_gettime(which, &ts) == -1)
		return 0;
	return (usec_t)ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

usec_t
clock_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

usec_t
clock_mono(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/*
 * Days since 1970-01-01 become a date, and the other way round, for years from 1970 on: Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days and days_from_civil.
 * Years start in March, so that the leap day is the last one.
 */
static void
clock_civil_from_days(int64_t days, struct civil *c)
{
	int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400) + (c->month <= 2);
}

static int64_t
clock_days_from_civil(const struct civil *c)
{
	int64_t y = c->year - (c->month <= 2), era = y / 400, yoe = y % 400;
	int64_t mp = c->month > 2 ? c->month - 3 : c->month + 9;
	int64_t doy = (153 * mp + 2) / 5 + c->day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
clock_days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/*
 * Take a time apart.  A time outside the years of four digits becomes the first or the last one
 * that they can tell.
 */
static void
clock_civil_from_time(usec_t t, struct civil *c)
{
	int64_t second;

	if (t < 0)
		t = 0;
	if (t > TIME_LIMIT)
		t = TIME_LIMIT;
	second = t % DAY / USEC;
	clock_civil_from_days(t / DAY, c);
	c->hour = (int)(second / 3600);
	c->minute = (int)(second / 60 % 60);
	c->second = (int)(second % 60);
	c->usec = (int)(t % USEC);
}

void
time_format(usec_t t, char buf[TIME_MAX])
{
	struct civil c;

	clock_civil_from_time(t, &c);
	(void)snprintf(buf, TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year, c.month,
	    c.day, c.hour, c.minute, c.second, c.usec);
}

/* Print digits without snprintf, which is slow, because every name of a message is printed here. */
static void
clock_put_digits(char *at, int width, int value)
{
	for (; width > 0; value /= 10)
		at[--width] = (char)('0' + value % 10);
}

void
key_format(usec_t t, char buf[KEY_LEN + 1])
{
	struct civil c;

	clock_civil_from_time(t, &c);
	memcpy(buf, "yyyymmddThhmmss.uuuuuuZ", KEY_LEN + 1);
	clock_put_digits(buf, 4, c.year);
	clock_put_digits(buf + 4, 2, c.month);
	clock_put_digits(buf + 6, 2, c.day);
	clock_put_digits(buf + 9, 2, c.hour);
	clock_put_digits(buf + 11, 2, c.minute);
	clock_put_digits(buf + 13, 2, c.second);
	clock_put_digits(buf + 16, 6, c.usec);
}

/* Read the number in a run of digits, which the caller has checked. */
static int
clock_get_digits(const char *at, int width)
{
	int value = 0;

	for (int i = 0; i < width; i++)
		value = value * 10 + (at[i] - '0');
	return value;
}

bool
key_parse(const char *text, usec_t *out)
{
	static const char form[] = "00000000T000000.000000Z";
	struct civil c;

	/* This stops at the first difference, and so at the end of a text that is too short. */
	for (int i = 0; i < KEY_LEN; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (form[i] == '0' ? !digit : text[i] != form[i])
			return false;
	}
	c.year = clock_get_digits(text, 4);
	c.month = clock_get_digits(text + 4, 2);
	c.day = clock_get_digits(text + 6, 2);
	c.hour = clock_get_digits(text + 9, 2);
	c.minute = clock_get_digits(text + 11, 2);
	c.second = clock_get_digits(text + 13, 2);
	c.usec = clock_get_digits(text + 16, 6);
	if (c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 ||
	    c.day > clock_days_in_month(c.year, c.month) ||
	    c.hour > 23 || c.minute > 59 || c.second > 59)
		return false;
	*out = clock_days_from_civil(&c) * DAY + c.hour * HOUR + c.minute * MINUTE +
	    c.second * USEC + c.usec;
	return true;
}

enum status
time_parse(const char *text, usec_t *out, struct error *err)
{
	static const char form[] = "0000-00-00T00:00:00";
	char key[] = "00000000T000000.000000Z";
	size_t i = 0, k = 0, date = strlen("0000-00-00");

	for (; form[i] != '\0' && (form[i] == '0' ? text[i] >= '0' && text[i] <= '9' :
	    text[i] == form[i] || (form[i] == 'T' && text[i] == ' ')); i++)
		if (form[i] == '0' || form[i] == 'T')
			key[k++] = form[i] == 'T' ? 'T' : text[i];
	text += i;
	if (i == strlen(form) && *text == '.') {
		size_t decimals = strspn(++text, "0123456789");
		memcpy(key + KEY_LEN - 7, text, decimals < 6 ? decimals : 6);
		text += decimals;
	}
	if (i == strlen(form) && *text == 'Z')
		text++;
	return (i == date || i == strlen(form)) && *text == '\0' && key_parse(key, out) ? ST_OK :
	    error_set(err, ST_USAGE, 0, "not a time: 2026-11-21T03:16:01Z, or 2026-11-21, in UTC");
}

static const struct unit { const char *name; usec_t length; } units[] = {
	{ "w", WEEK }, { "d", DAY }, { "h", HOUR }, { "m", MINUTE }, { "s", USEC }, { "ms", MSEC },
};
#define NUNITS (sizeof(units) / sizeof(units[0]))

/* The length of the unit of that name.  "" means seconds.  0: there is no such unit. */
static usec_t
clock_unit_length(const char *name)
{
	if (*name == '\0')
		return USEC;
	for (size_t i = 0; i < NUNITS; i++)
		if (strcmp(name, units[i].name) == 0)
			return units[i].length;
	return 0;
}

enum status
duration_parse(const char *text, usec_t *out, struct error *err)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits), decimals = 0;
	const char *end = text + whole;
	usec_t unit, total = 0, part = 0;

	if (*end == '.') {
		decimals = strspn(++end, digits);
		end += decimals;
	}
	unit = clock_unit_length(end);
	if (whole == 0 || unit == 0 || (text[whole] == '.' && decimals == 0))
		return error_set(err, ST_USAGE, 0,
		    "'%s' is not a duration: a number with ms, s, m, h, d or w", text);
	for (size_t i = 0; i < whole && total <= DURATION_LIMIT; i++)
		total = total * 10 + (text[i] - '0');
	if (total <= DURATION_LIMIT / unit) {
		/* The last decimal comes first, which is exact.  What is below 1 us is dropped. */
		for (size_t i = 0; i < decimals; i++)
			part = ((end[-1 - (ptrdiff_t)i] - '0') * unit + part) / 10;
		total = total * unit + part;
	} else
		total = DURATION_LIMIT + 1;
	if (total > DURATION_LIMIT)
		return error_set(err, ST_USAGE, 0,
		    "'%s' is too long for a duration: 100 years at most", text);
	*out = total;
	return ST_OK;
}

bool
rate_parse(const char *text, int64_t *n, usec_t *unit)
{
	size_t width = strspn(text, "0123456789");
	const char *per = text + width;
	int64_t number = 0;
	usec_t length;

	if (*per == '\0' || strcmp(per, "/s") == 0)
		length = USEC;
	else if (strcmp(per, "/m") == 0)
		length = MINUTE;
	else if (strcmp(per, "/h") == 0)
		length = HOUR;
	else
		return false;
	if (width == 0 || width > 7 || text[0] == '0')
		return false;
	for (size_t i = 0; i < width; i++)
		number = number * 10 + (text[i] - '0');
	*n = number;
	*unit = length;
	return number <= 1000000;
}

void
duration_format(usec_t d, char buf[DURATION_MAX])
{
	const struct unit *u = units;
	int width;
	usec_t part;

	if (d < 0)
		d = 0;
	/* Use the largest unit that divides the duration, or else a fraction of s or ms. */
	while (u->length > MSEC && (d == 0 || d % u->length != 0))
		u++;
	if (d == 0 || (u->length == MSEC && d > USEC))
		u--;
	part = d % u->length;
	width = u->length == USEC ? 6 : 3;
	for (; part != 0 && part % 10 == 0; width--)
		part /= 10;
	if (part == 0)
		(void)snprintf(buf, DURATION_MAX, "%" PRId64 "%s", d / u->length, u->name);
	else
		(void)snprintf(buf, DURATION_MAX, "%" PRId64 ".%0*" PRId64 "%s", d / u->length,
		    width, part, u->name);
}

void
age_format(usec_t d, char buf[DURATION_MAX])
{
	size_t i = 1, used;

	if (d < 0)
		d = 0;
	/*
	 * Start with days, because people do not count in weeks.  Milliseconds do not matter to
	 * them.
	 */
	while (units[i].length > USEC && d < units[i].length)
		i++;
	used = (size_t)snprintf(buf, DURATION_MAX, "%" PRId64 "%s", d / units[i].length,
	    units[i].name);
	d %= units[i].length;
	if (units[i].length > USEC && d >= units[i + 1].length)
		(void)snprintf(buf + used, DURATION_MAX - used, " %" PRId64 "%s",
		    d / units[i + 1].length, units[i + 1].name);
}

void
wake_at(usec_t *wake, usec_t at)
{
	if (at < *wake)
		*wake = at;
}
