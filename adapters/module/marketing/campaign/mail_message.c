#include "module/marketing/campaign/mail_message.h"

#include "base/clock.h"
#include "module/marketing/campaign/mail_address.h"

static void message_date(int64_t time_us, struct buffer *out)
{
	static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t seconds = time_us > 0 ? time_us / 1000000 : 0;
	int64_t day = seconds / 86400;
	int64_t year;
	unsigned month;
	unsigned date;
	clock_date_from_days(day, &year, &month, &date);
	seconds %= 86400;
	buffer_printf(out, "Date: %s, %02u %s %lld %02d:%02d:%02d +0000\r\n", days[day % 7], date,
		months[month - 1], (long long)year, (int)(seconds / 3600), (int)(seconds / 60 % 60),
		(int)(seconds % 60));
}

static void message_mailbox(
	struct buffer *out, const char *field, struct slice name, struct slice address)
{
	buffer_append_text(out, field);
	mail_mailbox_encode(name, address, strlen(field), out);
	buffer_append_text(out, "\r\n");
}

static void message_header(const struct mail_message *message, struct buffer *out)
{
	message_date(message->date_us, out);
	message_mailbox(out, "From: ", message->from_name, message->from);
	if (message->reply_to.len > 0)
		message_mailbox(out, "Reply-To: ", (struct slice){NULL, 0}, message->reply_to);
	message_mailbox(out, "To: ", message->to_name, message->to);
	buffer_append_text(out, "Subject: ");
	mail_text_encode(message->subject, strlen("Subject: "), out);
	buffer_append_text(out, "\r\nMessage-ID: <");
	buffer_append_slice(out, message->id);
	buffer_append_byte(out, '@');
	buffer_append_slice(out, message->host);
	buffer_append_text(out, ">\r\nList-Id: <");
	buffer_append_slice(out, message->list);
	buffer_append_byte(out, '.');
	buffer_append_slice(out, message->host);
	buffer_append_text(out, ">\r\n");
	if (message->unsubscribe.len > 0) {
		buffer_append_text(out, "List-Unsubscribe: <");
		buffer_append_slice(out, message->unsubscribe);
		buffer_append_text(out, ">\r\n"
					"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	}
	buffer_append_text(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

static void message_part(struct slice text, const char *type, struct buffer *out)
{
	buffer_printf(out,
		"Content-Type: %s; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n",
		type);
	mail_base64(text, out);
}

static void message_boundary(
	const struct mail_message *message, const char *end, struct buffer *out)
{
	/* Base64 has no '_': no line of a part can be a boundary. */
	buffer_append_text(out, "\r\n--_part_");
	buffer_append_slice(out, message->id);
	buffer_append_text(out, end);
	buffer_append_text(out, "\r\n");
}

void mail_message_write(const struct mail_message *message, struct buffer *out)
{
	message_header(message, out);
	if (message->html.len == 0) {
		message_part(message->text, "text/plain", out);
		return;
	}
	buffer_append_text(out, "Content-Type: multipart/alternative; boundary=\"_part_");
	buffer_append_slice(out, message->id);
	buffer_append_text(out, "\"\r\n");
	message_boundary(message, "", out);
	message_part(message->text, "text/plain", out);
	message_boundary(message, "", out);
	message_part(message->html, "text/html", out);
	message_boundary(message, "--", out);
}
