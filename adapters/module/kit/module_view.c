#include <stdio.h>
#include <stdlib.h>

#include "module/kit/module_settings.h"

#define EXIT_UNUSABLE 2
#define EXIT_NO_BOOK  3

typedef enum ch_status (*settings_reader)(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings);

static enum ch_status module_view_with(settings_reader read, const struct module *module,
	const char *config_path, struct problems *problems, struct module_view *out_view)
{
	struct module_view view = {0};
	enum ch_status status = CH_NOMEM;
	struct module_settings *settings = calloc(1, sizeof(*settings));
	if (settings == NULL)
		goto out;
	view.inside = settings;
	view.module = module;
	status = read(config_path, module, problems, settings);
	if (status != CH_OK)
		goto out;
	view.configs = settings->configs;
	struct book_form form = module_settings_form(settings, module);
	status = book_open(&form, BOOK_READ, &view.book);
	if (status == CH_OK)
		status = book_begin(view.book, false, &view.txn);
	if (status == CH_OK)
		status = feed_state_read(view.txn, &view.feed);
	if (status != CH_OK)
		goto out;
	*out_view = view;
	view = (struct module_view){0}; /* the caller's now */
out:
	module_view_close(&view);
	return status;
}

enum ch_status module_view_open(const struct module *module, const char *config_path,
	struct problems *problems, struct module_view *out_view)
{
	return module_view_with(module_settings_read, module, config_path, problems, out_view);
}

enum ch_status module_view_glance(const struct module *module, const char *config_path,
	struct problems *problems, struct module_view *out_view)
{
	return module_view_with(module_settings_scan, module, config_path, problems, out_view);
}

void module_view_close(struct module_view *view)
{
	struct module_settings *settings = view->inside;
	book_abort(view->txn);
	book_close(view->book);
	if (settings != NULL)
		module_settings_free(settings, view->module);
	free(settings);
	*view = (struct module_view){0};
}

int module_view_refuse(const struct module *module, const char *who, enum ch_status status,
	const struct problems *problems)
{
	struct buffer told = {0};
	int result = EXIT_UNUSABLE;
	if (status == CH_NOT_FOUND) {
		(void)fprintf(stderr, "%s: there is no book yet: `%s run` makes it\n", who,
			module->program);
		result = EXIT_NO_BOOK;
	} else if (status == CH_VERSION) {
		(void)fprintf(stderr,
			"%s: the book is of another release: the next `%s run` makes it anew\n",
			who, module->program);
		result = EXIT_NO_BOOK;
	} else if (problems_none(problems)) {
		(void)fprintf(stderr, "%s: the book: %s\n", who, ch_status_text(status));
	} else {
		problems_print(problems, &told);
		(void)fputs(buffer_text(&told), stderr);
	}
	buffer_fini(&told);
	return result;
}
