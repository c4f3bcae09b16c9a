/*
 * table.h: the table of all verbs, for main.c, which hands it to what works for each of them.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

struct cmd;

extern const struct cmd *const all_verbs[];

#endif
