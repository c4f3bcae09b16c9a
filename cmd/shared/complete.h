/*
 * complete.h: what the completions of the shells have in common.
 */
#ifndef CMD_SHARED_COMPLETE_H
#define CMD_SHARED_COMPLETE_H

/* Return the states of the messages that a verb can act on, as a list for --state. */
const char *complete_states(const char *verb);
/*
 * Return what a placeholder of the table stands for: "queue", "id", ...; "none" if nothing known.
 */
const char *complete_kind(const char *placeholder, size_t len);
/*
 * Print the kinds of a verb's operands, as in "queue id*".  A star means that the last one repeats.
 */
void complete_operands(FILE *f, const char *operands);
/* Print the words, which end with a NULL, with 'between' between two of them. */
void complete_words(FILE *f, const char *const *words, const char *between);
extern const char *const complete_columns[];

void complete_fish(FILE *f);

#endif
