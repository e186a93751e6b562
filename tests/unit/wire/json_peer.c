/* The C side of json_peer.py: shows its JSON of a sample of every type, and reads that of another.
 *
 *     json_peer write      type <TAB> hex of the encoding <TAB> JSON, a line a sample
 *     json_peer read       reads "type <TAB> JSON" lines, answers the hex of each encoding */
#include "base/text.h"
#include "unit/wire/sample.h"
#include "wire/json.h"
#include "wire/types.h"

#define SAMPLES_PER_TYPE 6u

static void print_hex(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		printf("%02x", bytes.data[i]);
}

static int peer_write(void)
{
	for (size_t i = 0; i < event_type_count * SAMPLES_PER_TYPE; i++) {
		const struct event_type *type = &event_types[i / SAMPLES_PER_TYPE];
		unsigned seed = (unsigned)(i % SAMPLES_PER_TYPE);
		ProtobufCMessage *sample = sample_message(type->message, &seed);
		struct slice bytes = sample_pack(sample);
		struct buffer json = {0};
		if (json_encode(sample, 0, &json, NULL) != CH_OK)
			return 1;
		printf("%s\t", type->name);
		print_hex(bytes);
		printf("\t%s\n", buffer_text(&json));
		buffer_fini(&json);
		free((void *)(uintptr_t)bytes.data);
		protobuf_c_message_free_unpacked(sample, NULL);
	}
	return 0;
}

static int peer_read(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int failures = 0;
	while ((len = getline(&line, &room, stdin)) > 0) {
		struct slice json = slice_of(line, (size_t)len - 1);
		struct slice name;
		struct json_error error;
		ProtobufCMessage *message = NULL;
		(void)text_split(&json, '\t', &name); /* a line without a tab finds no type */
		const struct event_type *type = types_find(name);
		if (type == NULL ||
			json_decode(json, type->message, 0, &message, &error) != CH_OK) {
			fprintf(stderr, "%s: %s: %s\n", type != NULL ? type->name : "?",
				error.path.text, error.reason);
			failures++;
			continue;
		}
		struct slice bytes = sample_pack(message);
		print_hex(bytes);
		putchar('\n');
		free((void *)(uintptr_t)bytes.data);
		protobuf_c_message_free_unpacked(message, NULL);
	}
	free(line);
	return failures > 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "write") == 0)
		return peer_write();
	if (argc == 2 && strcmp(argv[1], "read") == 0)
		return peer_read();
	fprintf(stderr, "usage: json_peer write|read\n");
	return 64;
}
