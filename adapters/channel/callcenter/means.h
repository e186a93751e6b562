/* What the settings name, read and ready: secrets, tokens, certificates, agents, groups, the survey's rules. */
#ifndef CALLCENTER_MEANS_H
#define CALLCENTER_MEANS_H

#include "base/address.h"
#include "base/table.h"
#include "base/zone.h"
#include "channel/callcenter/passes.h"
#include "channel/callcenter/settings.h"
#include "channel/callcenter/survey.h"
#include "channel/callcenter/tls.h"
#include "kit/secret.h"

struct callcenter_means {
	struct zone *zone; /* NULL: UTC */
	struct tls *tls;   /* NULL: plain */
	struct secret secret;
	struct secret url_token;
	struct passes *passes;
	struct table groups; /* queue -> char *, its hotline group */
	struct table agents; /* MemberName -> char *, his number */
	struct survey_rules survey;
	uint64_t names; /* what stands in the files beside the secrets, in this process's words */
	char pop_host[ADDRESS_HOST_MAX];
	int pop_port;
};

/* All mistakes go to the problems; CH_INVALID when there were any, CH_NOMEM.  Whatever is returned, fini. */
enum ch_status callcenter_means_init(const struct callcenter_settings *settings,
	struct problems *problems, struct callcenter_means *out_means);
void callcenter_means_fini(struct callcenter_means *means);

/* Whether all but the passes are the same, for settings that say the same. */
bool callcenter_means_same(
	const struct callcenter_means *one, const struct callcenter_means *other);

/* One more agent, copied; those that are known stay.  At most LIMIT_AGENTS are. */
void callcenter_means_learn(struct callcenter_means *means, struct slice name, struct slice id);

#endif
