/* Campaigns as a part of the running module: folds them, and works them off while the feed is live. */
#ifndef MARKETING_CAMPAIGN_PART_H
#define MARKETING_CAMPAIGN_PART_H

#include "module/kit/module.h"
#include "module/marketing/campaign/campaign_settings.h"
#include "module/marketing/campaign/intent_desk.h"

extern const struct module_part campaign_part;

/* Patterns over types that the module must listen to for it. */
extern const char *const campaign_topics[];
extern const size_t campaign_topic_count;

/* The hub's answer and the book's segments. */
extern const struct desk_ports campaign_ports;

/* The same part with other ports, for tests: its `self` is made by this. */
enum ch_status campaign_part_open_with(const struct campaign_settings *settings,
	const struct desk_ports *ports, struct metrics *metrics, struct problems *problems,
	void **out_self);

#endif
