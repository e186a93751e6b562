#include "base/mailbox.h"
#include "unit/draw.h"

#define POSTS 20000

struct letter {
	struct mailbox_node node;
	int writer;
	int number;
};

static struct letter *letter_of(struct mailbox_node *node)
{
	return (struct letter *)(void *)((char *)node - offsetof(struct letter, node));
}

static void count_wake(void *context)
{
	(*(int *)context)++;
}

static void hands_over_in_order(void **state)
{
	(void)state;
	struct mailbox mailbox;
	struct letter letters[3];
	int wakes = 0;
	mailbox_init(&mailbox, count_wake, &wakes);
	assert_null(mailbox_take(&mailbox));
	for (int i = 0; i < 3; i++) {
		letters[i].number = i;
		assert_true(mailbox_post(&mailbox, &letters[i].node));
	}
	assert_int_equal(wakes, 1); /* only when the box was empty */
	struct mailbox_node *node = mailbox_take(&mailbox);
	for (int i = 0; i < 3; i++, node = node->next)
		assert_int_equal(letter_of(node)->number, i);
	assert_null(node);
	assert_true(mailbox_post(&mailbox, &letters[0].node));
	assert_int_equal(wakes, 2);
	assert_ptr_equal(mailbox_wait(&mailbox, 0), &letters[0].node);
	assert_null(mailbox_wait(&mailbox, 1000));
	mailbox_fini(&mailbox);
}

static void many_are_posted_at_once(void **state)
{
	(void)state;
	struct mailbox mailbox;
	struct letter letters[4];
	int wakes = 0;
	mailbox_init(&mailbox, count_wake, &wakes);
	for (int i = 0; i < 4; i++)
		letters[i].number = i;
	letters[1].node.next = &letters[2].node;
	letters[2].node.next = &letters[3].node;
	assert_true(mailbox_post(&mailbox, &letters[0].node));
	assert_true(mailbox_post_all(&mailbox, &letters[1].node, &letters[3].node));
	assert_int_equal(wakes, 1);
	struct mailbox_node *node = mailbox_take(&mailbox);
	for (int i = 0; i < 4; i++, node = node->next)
		assert_int_equal(letter_of(node)->number, i);
	assert_null(node);
	mailbox_close(&mailbox);
	assert_false(mailbox_post_all(&mailbox, &letters[0].node, &letters[3].node));
	mailbox_fini(&mailbox);
}

static void a_closed_box_gives_out_what_it_has(void **state)
{
	(void)state;
	struct mailbox mailbox;
	struct letter first;
	struct letter second;
	mailbox_init(&mailbox, NULL, NULL);
	assert_true(mailbox_post(&mailbox, &first.node));
	mailbox_close(&mailbox);
	assert_false(mailbox_post(&mailbox, &second.node));
	assert_ptr_equal(mailbox_wait(&mailbox, -1), &first.node);
	assert_null(first.node.next);
	assert_null(mailbox_wait(&mailbox, -1));
	mailbox_fini(&mailbox);
}

struct writer {
	struct mailbox *mailbox;
	struct letter *letters;
	int number;
};

/* Asserts stay on the test's own thread: cmocka's leave by a jump. */
static void *write_letters(void *argument)
{
	struct writer *writer = argument;
	for (int i = 0; i < POSTS; i++) {
		writer->letters[i].writer = writer->number;
		writer->letters[i].number = i;
		(void)mailbox_post(writer->mailbox, &writer->letters[i].node); /* it is open */
	}
	return NULL;
}

/* Nothing is lost, nothing twice, and each writer's letters come in his order. */
static void two_threads_post_and_one_takes(void **state)
{
	(void)state;
	static struct letter letters[2][POSTS];
	struct mailbox mailbox;
	struct writer writers[2];
	pthread_t threads[2];
	int next[2] = {0, 0};
	mailbox_init(&mailbox, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		writers[i] = (struct writer){&mailbox, letters[i], i};
		assert_int_equal(pthread_create(&threads[i], NULL, write_letters, &writers[i]), 0);
	}
	while (next[0] + next[1] < 2 * POSTS) {
		struct mailbox_node *node = mailbox_wait(&mailbox, 10 * 1000 * 1000);
		assert_non_null(node);
		for (; node != NULL; node = node->next) {
			struct letter *letter = letter_of(node);
			assert_int_equal(letter->number, next[letter->writer]++);
		}
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	mailbox_fini(&mailbox);
}

static void *wait_for_close(void *argument)
{
	return mailbox_wait(argument, -1);
}

static void closing_frees_the_waiter(void **state)
{
	(void)state;
	struct mailbox mailbox;
	pthread_t thread;
	void *node = &mailbox;
	mailbox_init(&mailbox, NULL, NULL);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_close, &mailbox), 0);
	mailbox_close(&mailbox);
	assert_int_equal(pthread_join(thread, &node), 0);
	assert_null(node);
	mailbox_fini(&mailbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_over_in_order),
		cmocka_unit_test(many_are_posted_at_once),
		cmocka_unit_test(a_closed_box_gives_out_what_it_has),
		cmocka_unit_test(two_threads_post_and_one_takes),
		cmocka_unit_test(closing_frees_the_waiter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
