/* What every module is told, beside what its parts are. */
#ifndef MODULE_KIT_MODULE_SETTINGS_H
#define MODULE_KIT_MODULE_SETTINGS_H

#include "kit/settings.h"
#include "module/kit/module.h"

struct module_settings {
	struct kit_settings hub; /* endpoint and keys; the rest is not used */
	char *subscription;
	char *book; /* its folder */
	int64_t batch;
	char *metrics;
	void **configs; /* of the parts, in their order; NULL for those without */
};

/* The file alone, for who only looks into the book.  Everything that is wrong goes into `problems`, the parts' own
 * checks included, and CH_INVALID comes back.  CH_NOMEM. */
enum ch_status module_settings_read(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings);

/* The file alone, and of what the parts are told only that it can be read: for who must not be kept from it by a
 * mistake in a file that some part's settings name. */
enum ch_status module_settings_scan(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings);

/* As module_settings_read, and what a run needs of what the file names is looked at: keys, the book's folder.  That
 * is done whatever is wrong with its lines, so that all mistakes are told in one pass. */
enum ch_status module_settings_load(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings);
void module_settings_free(struct module_settings *settings, const struct module *module);

/* Appends the names of the kit's settings that are not the same in both, as "hub.endpoint, module.book"; a file of
 * keys with another key in it counts.  What of the parts is other does not. */
void module_settings_differ(const struct module_settings *one, const struct module_settings *other,
	struct buffer *out_names);

/* A commented configuration file with every setting. */
void module_settings_describe(const struct module *module, struct buffer *out);

/* The form of the book that they name; it looks into both. */
struct book_form module_settings_form(
	const struct module_settings *settings, const struct module *module);

#endif
