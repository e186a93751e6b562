/* carehub-fakehub: the fake hub as a program, for clients in other languages.
 *
 * Prints its endpoint, its public key and the client's secret key, one a line; then one answer a line to
 * each command on its standard input, and ends with it:
 *
 *     drop | go_away | come_back | restart | fill PREFIX N | seek NAME CURSOR | hold 0|1 | credit N
 *     count COUNTER | cursor NAME | violation
 */
#include "kit/fakehub/fake_hub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum fake_counter counter;
} counters[] = {
	{"stored", FAKE_STORED},
	{"events", FAKE_EVENTS},
	{"hellos", FAKE_HELLOS},
	{"resumes", FAKE_RESUMES},
	{"subscribes", FAKE_SUBSCRIBES},
	{"acked", FAKE_ACKED},
	{"in_flight", FAKE_MOST_IN_FLIGHT},
	{"pongs", FAKE_PONGS},
	{"byes", FAKE_BYES},
};

static uint64_t counted(struct fake_hub *hub, const char *name)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (strcmp(counters[i].name, name) == 0)
			return fake_hub_count(hub, counters[i].counter);
	}
	return UINT64_MAX;
}

static void obey(struct fake_hub *hub, const char *command, const char *name, uint64_t number)
{
	uint64_t answer = 0;
	if (strcmp(command, "drop") == 0)
		fake_hub_drop(hub);
	else if (strcmp(command, "go_away") == 0)
		fake_hub_go_away(hub);
	else if (strcmp(command, "come_back") == 0)
		fake_hub_come_back(hub);
	else if (strcmp(command, "restart") == 0)
		fake_hub_restart(hub);
	else if (strcmp(command, "fill") == 0)
		fake_hub_fill(hub, name, (uint32_t)number);
	else if (strcmp(command, "seek") == 0)
		fake_hub_seek(hub, name, number);
	else if (strcmp(command, "hold") == 0)
		fake_hub_hold_receipts(hub, name[0] == '1');
	else if (strcmp(command, "credit") == 0)
		fake_hub_set_credit(hub, (uint32_t)strtoul(name, NULL, 10));
	else if (strcmp(command, "count") == 0)
		answer = counted(hub, name);
	else if (strcmp(command, "cursor") == 0)
		answer = fake_hub_cursor(hub, name);
	if (strcmp(command, "violation") == 0)
		printf("%s\n", fake_hub_violation(hub));
	else
		printf("%" PRIu64 "\n", answer);
	(void)fflush(stdout);
}

int main(void)
{
	char line[256];
	struct fake_hub *hub = fake_hub_start(NULL);
	if (hub == NULL)
		return 2;
	printf("%s\n%s\n%s\n", fake_hub_endpoint(hub), fake_hub_server_key(hub),
		fake_hub_secret_key(hub));
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char command[64] = "";
		char name[64] = "";
		uint64_t number = 0;
		if (sscanf(line, "%63s %63s %" SCNu64, command, name, &number) >= 1)
			obey(hub, command, name, number);
	}
	fake_hub_stop(hub);
	return 0;
}
