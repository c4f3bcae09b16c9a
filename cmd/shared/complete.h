/*
 * complete.h: what the completions of the shells have in common.
 */
#ifndef CMD_SHARED_COMPLETE_H
#define CMD_SHARED_COMPLETE_H

/* Which ids are of use to a verb: a list for --state. */
const char *complete_states(const char *verb);
/* The kind of thing that a placeholder of the table stands for: "queue", "id", ...; "none". */
const char *complete_kind(const char *placeholder, size_t len);
/* The kinds of a verb's operands, "queue id*": a star repeats the last. */
void complete_operands(FILE *f, const char *operands);
/* The words, up to a NULL. */
void complete_words(FILE *f, const char *const *words, const char *between);
extern const char *const complete_columns[];

void complete_fish(FILE *f);

#endif
