#include "channel/website/signature.h"

#include <sodium.h>
#include <stdio.h>

#include "support/unit.h"

/* The vector that Standard Webhooks' own libraries are tested with. */
#define VECTOR_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VECTOR_TIME_S 1614265330
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
static const struct signed_message vector = {
	.id = TEXT("msg_p5jXN8AQM9LWM0D4loKWxJek"),
	.timestamp = TEXT("1614265330"),
	.signature = TEXT("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
	.body = TEXT("{\"test\": 2432232314}"),
};

static struct signature_keys secrets_of(const char *text)
{
	struct signature_keys secrets = {.count = 1};
	assert_int_equal(signature_key_standard(slice_text(text), &secrets.items[0]), CH_OK);
	return secrets;
}

static enum ch_status check(
	const struct signature_keys *secrets, const struct signed_message *message, int64_t late_s)
{
	int64_t sent_us = 0;
	enum ch_status status = signature_check_standard(
		secrets, message, (VECTOR_TIME_S + late_s) * INT64_C(1000000), &sent_us);
	if (status == CH_OK)
		assert_int_equal(sent_us, VECTOR_TIME_S * INT64_C(1000000));
	return status;
}

static void test_official_vector(void **state)
{
	struct signature_keys secrets = secrets_of(VECTOR_SECRET);
	(void)state;
	assert_int_equal(check(&secrets, &vector, 0), CH_OK);
	secrets = secrets_of(VECTOR_SECRET + 6); /* the prefix is optional */
	assert_int_equal(check(&secrets, &vector, 0), CH_OK);
}

static void test_rotation(void **state)
{
	struct signature_keys secrets = secrets_of("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
	struct signed_message message = vector;
	(void)state;
	assert_int_equal(check(&secrets, &vector, 0), CH_DENIED);
	/* The receiver has both for a while ... */
	secrets.items[1] = secrets_of(VECTOR_SECRET).items[0];
	secrets.count = 2;
	assert_int_equal(check(&secrets, &vector, 0), CH_OK);
	/* ... or the sender signs with both, among them in ways of a later version. */
	secrets = secrets_of(VECTOR_SECRET);
	message.signature = SLICE_LITERAL("v2,AAAA v1,Y2hhbmdlZA== v1a,bm8= "
					  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(check(&secrets, &message, 0), CH_OK);
}

static void test_time(void **state)
{
	struct signature_keys secrets = secrets_of(VECTOR_SECRET);
	struct signed_message message = vector;
	(void)state;
	assert_int_equal(check(&secrets, &vector, 300), CH_OK);
	assert_int_equal(check(&secrets, &vector, -300), CH_OK);
	assert_int_equal(check(&secrets, &vector, 301), CH_TIMEOUT);
	assert_int_equal(check(&secrets, &vector, -301), CH_TIMEOUT);
	message.timestamp = SLICE_LITERAL("1614265330.5");
	assert_int_equal(check(&secrets, &message, 0), CH_FORMAT);
	message.timestamp = SLICE_LITERAL("99999999999999999999");
	assert_int_equal(check(&secrets, &message, 0), CH_FORMAT);
}

/* Any part of what was signed changed, or left out. */
static void test_forged(void **state)
{
	struct signature_keys secrets = secrets_of(VECTOR_SECRET);
	struct signed_message message = vector;
	(void)state;
	message.body = SLICE_LITERAL("{\"test\":2432232314}");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	message = vector;
	message.id = SLICE_LITERAL("msg_other");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	message.id = SLICE_LITERAL("msg.1614265330");
	assert_int_equal(check(&secrets, &message, 0), CH_FORMAT);
	message = vector;
	message.timestamp = SLICE_LITERAL("1614265331");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	message = vector;
	message.signature = SLICE_LITERAL("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	message.signature = SLICE_LITERAL("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	message.signature = SLICE_LITERAL("");
	assert_int_equal(check(&secrets, &message, 0), CH_MISSING);
}

static void test_ed25519(void **state)
{
	uint8_t public_key[crypto_sign_ed25519_PUBLICKEYBYTES];
	uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES];
	uint8_t seed[crypto_sign_ed25519_SEEDBYTES] = {7};
	uint8_t signature[crypto_sign_ed25519_BYTES];
	char text[128] = "whpk_";
	char entry[128] = "v1a,";
	const char *content = "msg_1.1614265330.{}";
	struct signed_message message = {SLICE_LITERAL("msg_1"), SLICE_LITERAL("1614265330"),
		{NULL, 0}, SLICE_LITERAL("{}")};
	(void)state;
	(void)crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);
	(void)crypto_sign_ed25519_detached(
		signature, NULL, (const uint8_t *)content, strlen(content), secret_key);
	(void)sodium_bin2base64(text + 5, sizeof(text) - 5, public_key, sizeof(public_key),
		sodium_base64_VARIANT_ORIGINAL);
	(void)sodium_bin2base64(entry + 4, sizeof(entry) - 4, signature, sizeof(signature),
		sodium_base64_VARIANT_ORIGINAL);
	struct signature_keys secrets = secrets_of(text);
	message.signature = slice_text(entry);
	assert_int_equal(check(&secrets, &message, 0), CH_OK);
	message.body = SLICE_LITERAL("{ }");
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
	/* A public key is public: nobody may use it as a shared secret. */
	message.body = SLICE_LITERAL("{}");
	entry[2] = ',';
	memmove(entry + 3, entry + 4, strlen(entry + 4) + 1);
	message.signature = slice_text(entry);
	assert_int_equal(check(&secrets, &message, 0), CH_DENIED);
}

static void test_secrets(void **state)
{
	struct signature_key secret;
	(void)state;
	assert_int_equal(
		signature_key_standard(SLICE_LITERAL("whsec_c2hvcnQ="), &secret), CH_FORMAT);
	assert_int_equal(signature_key_standard(SLICE_LITERAL("whsec_!"), &secret), CH_FORMAT);
	assert_int_equal(signature_key_standard(SLICE_LITERAL("whsec_"), &secret), CH_FORMAT);
	assert_int_equal(signature_key_standard(SLICE_LITERAL("whpk_bm8="), &secret), CH_FORMAT);
	assert_int_equal(signature_key_plain(SLICE_LITERAL("short"), &secret), CH_FORMAT);
	assert_int_equal(signature_key_plain(SLICE_LITERAL("long enough"), &secret), CH_OK);
}

/* As shops sign: the body alone, base64 of the whole. */
static void test_body(void **state)
{
	struct signature_keys secrets = {.count = 1};
	(void)state;
	assert_int_equal(
		signature_key_plain(SLICE_LITERAL("shop secret"), &secrets.items[0]), CH_OK);
	/* printf '{"id":1}' | openssl dgst -sha256 -hmac 'shop secret' -binary | base64 */
	const struct slice right = SLICE_LITERAL("94+3rHh1+7iaaE/hOq6P7kTHc0flyfxGBuTm4WBsXUk=");
	assert_int_equal(signature_check_body(&secrets, SLICE_LITERAL("{\"id\":1}"), right), CH_OK);
	assert_int_equal(
		signature_check_body(&secrets, SLICE_LITERAL("{\"id\":2}"), right), CH_DENIED);
	assert_int_equal(signature_check_body(&secrets, SLICE_LITERAL("{\"id\":1}"),
				 SLICE_LITERAL("not base64!")),
		CH_DENIED);
	assert_int_equal(
		signature_check_body(&secrets, SLICE_LITERAL("{\"id\":1}"), SLICE_LITERAL("")),
		CH_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_official_vector),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
