/* keys: a key pair for a new peer, and the file that makes the hub know him. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/context.h"

#define KEY_TEXT 41 /* Z85 and a NUL */

/* As the hub shows it in its log: the first half of the key's 16-byte BLAKE2b. */
static void keys_fingerprint(const char *public_text, struct buffer *out)
{
	uint8_t key[32];
	uint8_t hash[16];
	if (zmq_z85_decode(key, public_text) == NULL)
		return;
	(void)crypto_generichash(hash, sizeof(hash), key, sizeof(key), NULL, 0); /* cannot fail */
	text_append_hex(out, slice_of(hash, 8));
}

static bool keys_name_valid(const char *name)
{
	size_t len = strlen(name);
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return len > 0 && len <= LIMIT_NAME_BYTES && strspn(name, allowed) == len &&
	       strchr("._-", name[0]) == NULL;
}

/* Never over a file that is there. */
static int keys_write(const char *path, const char *text, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return cli_fail(EXIT_CRITICAL,
			errno == EEXIST ? "a key is never overwritten: move it away first" : NULL,
			"%s: %s", path, strerror(errno));
	enum ch_status status = file_write_at(fd, text, strlen(text), 0);
	if (status == CH_OK)
		status = file_sync(fd);
	(void)close(fd); /* synced */
	if (status != CH_OK) {
		(void)unlink(path); /* by half is worse than not at all */
		return cli_fail(EXIT_CRITICAL, NULL, "%s: %s", path, ch_status_text(status));
	}
	return EXIT_FINE;
}

static void keys_list(struct buffer *out, const char *name, const struct flag_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buffer_printf(out, "%s%s", i == 0 ? name : ", ", list->items[i]);
	if (list->count > 0)
		buffer_append_byte(out, '\n');
}

/* "producer, consumer": what the hub would refuse at its next start is told now. */
static bool keys_roles_valid(const char *roles)
{
	static const char *const known[] = {"producer", "consumer", "operator", "admin"};
	struct slice rest = slice_text(roles);
	struct slice word;
	bool valid = rest.len > 0;
	while (valid && text_split(&rest, ',', &word)) {
		valid = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !valid; i++)
			valid = slice_equal(text_trim(word), slice_text(known[i]));
	}
	return valid;
}

struct new_peer {
	const char *name;
	const char *roles;
	const char *dir;
	struct flag_list sources;
	struct flag_list types;
	struct flag_list topics;
};

static bool keys_publishes(const struct new_peer *peer)
{
	return strstr(peer->roles, "producer") != NULL;
}

static bool keys_lacks_topics(const struct new_peer *peer)
{
	return strstr(peer->roles, "consumer") != NULL && peer->topics.count == 0;
}

/* What the hub would not take the file without. */
static const char *keys_lacks(const struct new_peer *peer)
{
	bool sources = keys_publishes(peer) && (peer->sources.count == 0 || peer->types.count == 0);
	return sources && keys_lacks_topics(peer) ? ", with its sources, types and topics filled in"
	       : sources                          ? ", with its sources and types filled in"
	       : keys_lacks_topics(peer)          ? ", with its topics filled in"
						  : "";
}

static void keys_peer_file(const struct new_peer *peer, const char *public_text, struct buffer *out)
{
	buffer_printf(out,
		"# %s: copy to the hub's peers.d, then reload\npublic_key = %s\nroles = %s\n",
		peer->name, public_text, peer->roles);
	keys_list(out, "sources = ", &peer->sources);
	keys_list(out, "types = ", &peer->types);
	keys_list(out, "topics = ", &peer->topics);
	bool publishes = keys_publishes(peer);
	if (publishes && peer->sources.count == 0)
		buffer_append_text(out, "# sources = urn:example:*\n");
	if (publishes && peer->types.count == 0)
		buffer_append_text(out, "# types = channel.>\n");
	if (keys_lacks_topics(peer))
		buffer_append_text(out, "# topics = >\n");
}

/* The hub's own pair has no file for peers.d: it is no peer of its own. */
static bool keys_is_hub(const char *name)
{
	return strcmp(name, "hub") == 0;
}

static void keys_tell(struct cli *cli, const struct new_peer *peer, const char *public_text,
	const char *fingerprint, char paths[3][CONTEXT_PATH])
{
	bool hub = keys_is_hub(peer->name);
	if (cli->json) {
		printf("{\"peer\":\"%s\",\"secret\":\"%s\",\"public\":\"%s\",", peer->name,
			paths[0], paths[1]);
		if (!hub)
			printf("\"conf\":\"%s\",", paths[2]);
		printf("\"publicKey\":\"%s\",\"fingerprint\":\"%s\"}\n", public_text, fingerprint);
		return;
	}
	printf("%s  the secret key: stays here, mode 600\n%s  the public key, %s%s\n", paths[0],
		paths[1], fingerprint, hub ? ": for all peers" : "");
	if (!hub)
		printf("%s  for the hub's peers.d%s; then: carehub reload\n", paths[2],
			keys_lacks(peer));
}

static int keys_new(struct cli *cli, const struct new_peer *peer)
{
	char public_text[KEY_TEXT];
	char secret_text[KEY_TEXT];
	char paths[3][CONTEXT_PATH];
	static const char *const endings[] = {"secret", "public", "conf"};
	struct buffer file = {0};
	struct buffer print = {0};
	int result = EXIT_FINE;
	const int files = keys_is_hub(peer->name) ? 2 : 3;
	if (!keys_roles_valid(peer->roles))
		return cli_fail(EXIT_USAGE,
			"one or more, with commas: producer, consumer, operator, admin",
			"--roles \"%s\": there is no such role", peer->roles);
	if (!keys_name_valid(peer->name))
		return cli_fail(EXIT_USAGE, "letters, digits, . _ -; at most 64",
			"\"%s\" is no name of a peer", peer->name);
	for (int i = 0; i < files; i++) {
		if ((size_t)snprintf(paths[i], CONTEXT_PATH, "%s/%s.%s", peer->dir, peer->name,
			    endings[i]) >= CONTEXT_PATH)
			return cli_fail(EXIT_USAGE, NULL, "the folder's name is too long");
		/* All or none: a secret without its public half helps nobody. */
		if (access(paths[i], F_OK) == 0)
			return cli_fail(EXIT_CRITICAL,
				"a key is never overwritten: move it away first",
				"%s is there already", paths[i]);
	}
	if (zmq_curve_keypair(public_text, secret_text) != 0)
		return cli_fail(
			EXIT_CRITICAL, NULL, "libzmq makes no keys: %s", zmq_strerror(errno));
	keys_peer_file(peer, public_text, &file);
	buffer_printf(&print, "%s\n", secret_text);
	result = keys_write(paths[0], buffer_text(&print), 0600);
	sodium_memzero(print.data, print.len);
	buffer_clear(&print);
	buffer_printf(&print, "%s\n", public_text);
	if (result == EXIT_FINE)
		result = keys_write(paths[1], buffer_text(&print), 0644);
	if (result == EXIT_FINE && files == 3)
		result = keys_write(paths[2], buffer_text(&file), 0644);
	buffer_clear(&print);
	keys_fingerprint(public_text, &print);
	if (result == EXIT_FINE)
		keys_tell(cli, peer, public_text, buffer_text(&print), paths);
	sodium_memzero(secret_text, sizeof(secret_text));
	buffer_fini(&print);
	buffer_fini(&file);
	return result;
}

/* A file with a secret or a public key: only what is public is shown. */
static int keys_show(struct cli *cli, const char *path)
{
	char key[65];
	char public_text[KEY_TEXT];
	struct buffer print = {0};
	size_t len = strlen(path);
	bool secret = len < 7 || strcmp(path + len - 7, ".public") != 0;
	enum ch_status status = context_public_key(path, key);
	if (status != CH_OK || strlen(key) != KEY_TEXT - 1)
		return cli_fail(
			EXIT_CRITICAL, NULL, "%s holds no key of 40 characters (Z85)", path);
	if (secret && zmq_curve_public(public_text, key) != 0)
		return cli_fail(EXIT_CRITICAL, NULL, "%s holds no key", path);
	if (!secret)
		memcpy(public_text, key, sizeof(public_text));
	sodium_memzero(key, sizeof(key));
	keys_fingerprint(public_text, &print);
	printf(cli->json ? "{\"publicKey\":\"%s\",\"fingerprint\":\"%s\"}\n"
			 : "public key   %s\nfingerprint  %s\n",
		public_text, buffer_text(&print));
	buffer_fini(&print);
	return EXIT_FINE;
}

int keys_main(struct cli *cli, int argc, char **argv)
{
	struct new_peer peer = {.roles = "producer", .dir = "."};
	const struct flag flags[] = {
		{"--roles", FLAG_TEXT, &peer.roles},
		{"--source", FLAG_LIST, &peer.sources},
		{"--type", FLAG_LIST, &peer.types},
		{"--topic", FLAG_LIST, &peer.topics},
		{"--dir", FLAG_TEXT, &peer.dir},
		{0},
	};
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc == 2 && strcmp(argv[0], "new") == 0) {
		peer.name = argv[1];
		return keys_new(cli, &peer);
	}
	if (argc == 2 && strcmp(argv[0], "show") == 0)
		return keys_show(cli, argv[1]);
	return cli_fail(EXIT_USAGE, NULL, "keys: new NAME, or show FILE");
}
