#include "kit/inbox.h"

#include <stdlib.h>

struct inbox {
	struct folder *folder;
	const struct kit_format *format;
	void *decoder;
	void (*free_decoder)(void *decoder);
};

enum ch_status inbox_check(const struct folder_settings *settings, struct problems *problems)
{
	return settings->path != NULL ? folder_check(settings->path, "folder.path", problems)
				      : CH_OK;
}

enum ch_status inbox_open(const struct kit_format *format, void *decoder,
	void (*free_decoder)(void *decoder), const struct folder_settings *settings,
	struct problems *problems, void **out_inbox)
{
	const struct folder_options options = {
		.path = settings->path,
		.settle_ms = settings->settle_ms,
		.receipts = settings->receipts,
		.format = format,
		.decoder = decoder,
	};
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	enum ch_status status = CH_NOMEM;
	if (inbox == NULL) {
		if (free_decoder != NULL)
			free_decoder(decoder);
		return CH_NOMEM;
	}
	inbox->format = format;
	inbox->decoder = decoder;
	inbox->free_decoder = free_decoder;
	status = inbox_check(settings, problems);
	if (status == CH_OK)
		status = folder_open(&options, &inbox->folder);
	if (status != CH_OK)
		goto out;
	*out_inbox = inbox;
	inbox = NULL; /* the caller's now */
out:
	inbox_close(inbox);
	return status;
}

enum ch_status inbox_start(void *inbox, struct kit_hub *hub)
{
	const struct inbox *self = inbox;
	enum ch_status status = folder_start(self->folder);
	(void)hub;
	return status == CH_OK && self->format->start != NULL ? self->format->start(self->decoder)
							      : status;
}

enum ch_status inbox_next(void *inbox, struct kit_item *out_item)
{
	const struct inbox *self = inbox;
	return folder_next(self->folder, out_item);
}

void inbox_settle(void *inbox, const struct kit_settled *settled)
{
	const struct inbox *self = inbox;
	folder_settle(self->folder, settled);
}

enum ch_status inbox_late(void *inbox, struct slice origin, const struct ch_receipt *receipt)
{
	const struct inbox *self = inbox;
	return folder_late(self->folder, origin, receipt);
}

void inbox_close(void *inbox)
{
	struct inbox *self = inbox;
	if (self == NULL)
		return;
	folder_close(self->folder);
	if (self->free_decoder != NULL)
		self->free_decoder(self->decoder);
	free(self);
}
