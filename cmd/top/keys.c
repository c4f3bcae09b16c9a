/*
 * keys.c: what each key of mq top does.
 */
#include <string.h>

#include "shared/out.h"
#include "top/top.h"

static void
keys_open_queue(struct top *t, const char *name)
{
	struct error err;

	error_clear(&err);
	if (messages_open(t, name, &err) == ST_OK) {
		t->view = VIEW_MESSAGES;
		return;
	}
	messages_close(t);
	top_error(t, &err);
	t->hurry = true;
}

/* A queue that was removed meanwhile is closed, and its screen with it. */
void
top_load(struct top *t)
{
	struct error err;

	error_clear(&err);
	if (t->m.q == NULL || messages_load(t, &err) == ST_OK)
		return;
	if (err.status == ST_NOTFOUND) {
		messages_close(t);
		t->view = t->before = VIEW_QUEUES;
	}
	top_error(t, &err);
}

static void
keys_read_message(struct top *t)
{
	const struct place *p = messages_chosen(t);
	struct error err;

	error_clear(&err);
	if (p != NULL && page_message(t->r, &t->tty, t->m.q, p, &err) != ST_OK)
		top_error(t, &err);
	screen_forget(&t->s);
	t->hurry = true;
}

/* ---- keys ------------------------------------------------------------- */

static void
keys_move_cursor(struct cursor *c, int key)
{
	size_t page = c->page > 1 ? c->page - 1 : 1, last = c->n > 0 ? c->n - 1 : 0;

	switch (key) {
	case KEY_UP:
	case 'k':
		c->at -= c->at > 0;
		break;
	case KEY_DOWN:
	case 'j':
		c->at += c->at < last;
		break;
	case KEY_PAGE_UP:
		c->at = c->at > page ? c->at - page : 0;
		break;
	case KEY_PAGE_DOWN:
	case ' ':
		c->at = c->at + page < last ? c->at + page : last;
		break;
	case KEY_HOME:
	case 'g':
		c->at = 0;
		break;
	case KEY_END:
	case 'G':
		c->at = last;
		break;
	default:
		break;
	}
}

static void
key_filter(struct top *t, int key)
{
	size_t len = strlen(t->filter);

	if (key == KEY_ENTER || key == KEY_ESC)
		t->typing = false;
	if (key == KEY_ESC)
		t->filter[0] = '\0';
	else if (key == KEY_DELETE && len > 0)
		t->filter[len - 1] = '\0';
	else if (key > ' ' && key < 127 && len + 1 < sizeof(t->filter)) {
		t->filter[len] = (char)key;
		t->filter[len + 1] = '\0';
	}
}

static void
keys_sort_by(struct top *t, int column)
{
	t->reverse = t->sort == column && !t->reverse;
	t->sort = column;
}

/* Do what a key asks for on the screen of all queues.  False: quit. */
static bool
key_queues(struct top *t, int key)
{
	const char *name = t->selected;

	if (key == 'q' || (key == KEY_ESC && t->filter[0] == '\0'))
		return false;
	if (key == KEY_ESC)
		t->filter[0] = '\0';
	else if (key == '/')
		t->typing = true;
	else if (key == 'i')
		t->reverse = !t->reverse;
	else if (top_sort_key(key) != -1)
		keys_sort_by(t, top_sort_key(key));
	else if (name[0] != '\0' && key == KEY_ENTER)
		keys_open_queue(t, name);
	else if (name[0] != '\0' && key == 'z')
		queue_toggle_pause(t, name);
	else if (name[0] != '\0' && key == 'R')
		chore_ask(t, name);
	else if (t->queues.n > 0) {
		keys_move_cursor(&t->queues, key);
		(void)strlcpy(t->selected, t->d.f[t->order[t->queues.at]].name,
		    sizeof(t->selected));
	}
	return true;
}

static void
keys_choose_tab(struct top *t, int tab)
{
	t->m.tab = (tab + NSTATES + 1) % (NSTATES + 1);
	t->m.cursor = (struct cursor){ 0 };
	top_load(t);
}

static void
key_messages(struct top *t, int key)
{
	if (key == 'q' || key == KEY_ESC) {
		messages_close(t);
		t->view = VIEW_QUEUES;
	} else if (key == KEY_TAB)
		keys_choose_tab(t, t->m.tab + 1);
	else if (key == KEY_BACKTAB)
		keys_choose_tab(t, t->m.tab - 1);
	else if (key >= '0' && key <= '0' + NSTATES)
		keys_choose_tab(t, key - '1');	/* the key 0 is for all states, the last tab */
	else if (key == KEY_ENTER || key == 'p')
		keys_read_message(t);
	else if (key == 'z')
		queue_toggle_pause(t, queue_name(t->m.q));
	else if (key == 'R')
		chore_ask(t, queue_name(t->m.q));
	else if (key == 'r' || key == 'h' || key == 'b' || key == 'x')
		messages_act(t, key);
	else
		keys_move_cursor(&t->m.cursor, key);
}

static void
key_answer(struct top *t, int key)
{
	void (*yes)(struct top *) = t->ask;

	t->ask = NULL;
	t->note[0] = '\0';
	if (key == 'y' || key == 'Y')
		yes(t);
	else
		top_note(t, "not done");
}

bool
top_key(struct top *t, int key)
{
	if (t->ask != NULL) {
		key_answer(t, key);
		return true;
	}
	if (t->typing) {
		key_filter(t, key);
		return true;
	}
	t->note[0] = '\0';
	t->bad = false;
	if (t->chore.scan != NULL && key == KEY_ESC) {
		top_note(t, "stopped; retried %llu", (unsigned long long)t->chore.done);
		chore_end(t);
		return true;
	}
	if (t->view == VIEW_HELP)
		t->view = t->before;
	else if (key == '?') {
		t->before = t->view;
		t->view = VIEW_HELP;
	} else if (t->view == VIEW_MESSAGES)
		key_messages(t, key);
	else
		return key_queues(t, key);
	return true;
}
