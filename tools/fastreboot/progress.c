// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

#define STEP_COLUMNS 20
/* Columns of everything but the bar: " [" "] 100%  1023 bytes of 1023 bytes". */
#define BYTES_COLUMNS 26
#define BAR_MAX 60
#define BAR_MIN 8

void progress_init(struct progress *progress, bool wanted)
{
	const char *terminal = getenv("TERM");

	*progress = (struct progress){ 0 };
	if (wanted && isatty(STDERR_FILENO) && terminal &&
	    strcmp(terminal, "dumb"))
		progress->out = stderr;
}

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return 80;
	return size.ws_col;
}

/* Columns are counted as bytes: the daemon's steps are plain ASCII, and those
 * that are not are made so.
 */
static void format_step(const char *step, char ret[STEP_COLUMNS + 1])
{
	size_t length = 0;

	for (; *step && length < STEP_COLUMNS; step++)
		ret[length++] = *step >= 0x20 && *step < 0x7f ? *step : '?';
	ret[length] = '\0';
}

static void format_bar(unsigned int percent, unsigned int columns,
		       char ret[BAR_MAX + 1])
{
	unsigned int full = columns * percent / 100;

	memset(ret, ' ', columns);
	memset(ret, '=', full);
	if (full < columns)
		ret[full] = '>';
	ret[columns] = '\0';
}

static void format_bytes(uint64_t done, uint64_t total, bool bytes,
			 char ret[2 * TEXT_MAX])
{
	char some[TEXT_MAX], all[TEXT_MAX];

	*ret = '\0';
	if (!bytes || (!done && !total))
		return;
	text_size(done, some);
	text_size(total, all);
	if (total)
		snprintf(ret, 2 * TEXT_MAX, "%.12s of %.12s", some, all);
	else
		snprintf(ret, 2 * TEXT_MAX, "%.12s", some);
}

static unsigned int percent_of(uint64_t done, uint64_t total)
{
	if (done >= total)
		return 100;
	return (double)done / total * 100;
}

static unsigned int bar_columns(unsigned int width, bool bytes)
{
	unsigned int others = STEP_COLUMNS + 9 + (bytes ? BYTES_COLUMNS : 0);
	unsigned int columns = width > others ? width - others : 0;

	return columns > BAR_MAX ? BAR_MAX : columns;
}

void progress_format(const char *step, uint64_t done, uint64_t total,
		     bool bytes, unsigned int width, char ret[PROGRESS_MAX])
{
	char name[STEP_COLUMNS + 1], amount[2 * TEXT_MAX], bar[BAR_MAX + 1];
	unsigned int columns = bar_columns(width, bytes);
	unsigned int percent = percent_of(done, total);
	size_t most = width > PROGRESS_MAX ? PROGRESS_MAX : width;

	format_step(step, name);
	format_bytes(done, total, bytes, amount);
	if (!most)
		most = 1;
	if (!total) {
		snprintf(ret, most, "%-*s %s", STEP_COLUMNS, name, amount);
	} else if (columns < BAR_MIN) {
		snprintf(ret, most, "%s %u%%", name, percent);
	} else {
		format_bar(percent, columns, bar);
		snprintf(ret, most, "%-*s [%s] %3u%% %s", STEP_COLUMNS, name,
			 bar, percent, amount);
	}
}

void progress_show(struct progress *progress, const char *step, uint64_t done,
		   uint64_t total, bool bytes)
{
	char text[PROGRESS_MAX];

	if (!progress->out)
		return;
	progress_format(step, done, total, bytes, terminal_width(), text);
	/* To the line's begin, and what is left of the text before cleared. */
	fprintf(progress->out, "\r%s\033[K", text);
	fflush(progress->out);
	progress->shown = true;
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->shown = false;
}
