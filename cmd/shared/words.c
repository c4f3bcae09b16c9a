/*
 * words.c: what the completions of all shells offer.
 *
 * A placeholder of the table tells what an operand or an argument is: a queue, an id, a handle, a
 * file.  The completions ask mq itself for queues, ids and handles, with the -s that was typed.
 */
#include <string.h>

#include "shared/cmd.h"
#include "shared/columns.h"
#include "shared/complete.h"

/* The states of the messages that a verb can act on. */
const char *
complete_states(const char *verb)
{
	static const struct { const char *verb, *states; } of[] = {
		{ "retry", "dead,held,delayed" }, { "hold", "ready,delayed" },
		{ "bury", "ready,delayed,held" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (strcmp(of[i].verb, verb) == 0)
			return of[i].states;
	return "ready,delayed,claimed,held,dead,done";
}

/* The kind of word that a placeholder stands for. */
const char *
complete_kind(const char *placeholder, size_t len)
{
	static const struct { const char *word, *kind; } of[] = {
		{ "QUEUE", "queue" }, { "TO", "queue" }, { "ID", "id" }, { "HANDLE", "handle" },
		{ "FILE", "file" }, { "CMD", "command" }, { "ARG", "file" }, { "COMMAND", "verb" },
		{ "KEY=VALUE", "key" }, { "STATE", "state" }, { "COLS", "column" },
		{ "COL", "column" }, { "SHELL", "shell" }, { "all", "all" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (strlen(of[i].word) == len && strncmp(of[i].word, placeholder, len) == 0)
			return of[i].kind;
	return "none";
}

/*
 * Print the kinds of a verb's operands, as in "queue id*".  A star means that the operand repeats:
 * up to "--", unless it is the last one.
 */
void
complete_operands(FILE *f, const char *operands)
{
	const char *p = operands;
	bool first = true;

	while (*p != '\0') {
		size_t len;
		p += strspn(p, " []-");
		len = strcspn(p, " []-.");
		if (len == 0)
			break;
		(void)fprintf(f, "%s%s", first ? "" : " ", complete_kind(p, len));
		first = false;
		p += len;
		if (strncmp(p, "...", 3) == 0) {
			(void)fputc('*', f);
			p += 3;
		}
	}
}

void
complete_words(FILE *f, const char *const *words, const char *between)
{
	for (const char *const *w = words; *w != NULL; w++)
		(void)fprintf(f, "%s%s", w == words ? "" : between, *w);
}

#define WORD(name, ...) #name,
const char *const complete_columns[] = { COLUMNS(WORD, WORD) NULL };
