/*
 * list.h: what ls and dead have in common.
 */
#ifndef CMD_SHARED_LIST_H
#define CMD_SHARED_LIST_H

#include "base/base.h"
#include "shared/cmd.h"
#include "shared/columns.h"
#include "shared/groups.h"
#include "shared/select.h"

struct list_options { unsigned states; const char *columns; };
enum status list_run(struct run *r, const struct list_options *opt) MUST_CHECK;
#define LIST_OPTS \
	SELECT_OPTS, \
	{ 'o', "columns", "COLS", false, "columns: " COLUMN_LIST }, \
	{ LIST_SORT, "sort", "COL", false, "sort by a column; -COL: the greatest first" }, \
	{ LIST_BY, "by", GROUPS_LIST, false, "count those that have this in common" }, \
	{ LIST_JSON, "json", NULL, false, "one JSON object a line" }, \
	{ LIST_IDS, "ids", NULL, false, "ids only" }
enum { LIST_SORT = OPT_LONG + 120, LIST_JSON, LIST_IDS, LIST_BY };

#endif
