#include "channel/website/page.h"

#include "base/decimal.h"
#include "base/text.h"
#include "channel/website/http_message.h"

#define ACCEPTED_MOST 32u /* languages that are looked at */

/* Its hash stands in the policy: test_page tells the new one when this has changed. */
static const char style[] =
	":root{color-scheme:light dark;--ground:#f3f4f6;--card:#fff;--text:#1f2328;--soft:#57606a;"
	"--line:#d8dee4;--act:#0b5cad;--on-act:#fff;--good:#1a7f37}"
	"@media(prefers-color-scheme:dark){:root{--ground:#0f1318;--card:#1a2028;--text:#e8ecf1;"
	"--soft:#a3adb8;--line:#313a45;--act:#8cc2ff;--on-act:#08213c;--good:#5fd37e}}"
	"*{box-sizing:border-box}"
	"body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;"
	"justify-content:center;gap:1.25rem;padding:1.25rem;background:var(--ground);color:var(--text);"
	"font:1.0625rem/1.65 system-ui,-apple-system,\"Segoe UI\",\"PingFang SC\",\"Microsoft YaHei\","
	"\"Noto Sans CJK SC\",\"Noto Sans SC\",sans-serif}"
	"main{width:100%;max-width:32rem;padding:2.25rem;background:var(--card);"
	"border:1px solid var(--line);border-radius:.75rem;overflow-wrap:break-word}"
	"h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.35}"
	"p{margin:0 0 1rem}main>:last-child{margin-bottom:0}"
	".from{color:var(--soft);font-size:.9375rem}"
	".mark{width:3rem;height:3rem;margin:0 0 1rem;color:var(--good)}"
	"button{width:100%;min-height:3rem;padding:.625rem 1.25rem;border:0;border-radius:.5rem;"
	"background:var(--act);color:var(--on-act);font:inherit;font-weight:600;cursor:pointer}"
	"button:hover{filter:brightness(1.1)}"
	":focus-visible{outline:3px solid var(--act);outline-offset:3px}"
	".less{margin-top:1rem;color:var(--soft);font-size:.9375rem}"
	"footer{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;justify-content:center;"
	"max-width:32rem;color:var(--soft);font-size:.9375rem}footer p{margin:0}"
	"a{color:var(--act)}";

/* The style alone is let in, and the form may go nowhere else. */
static const char policy[] =
	"default-src 'none'; style-src 'sha256-OFgFW5g5XtwrsgaMlyiLJFbKq+rn4JKiNTETxcrzl5s='; form-action 'self'; base-uri 'none'; "
	"frame-ancestors 'none'";

static const struct {
	const char *name;
	const char *tag;
	const char *itself;
} languages[PAGE_LANGUAGES] = {
	[PAGE_CHINESE] = {"zh", "zh-CN", "中文"},
	[PAGE_ENGLISH] = {"en", "en", "English"},
};

struct words {
	const char *title;
	const char *text;
};

static const struct {
	int status;
	struct words words[PAGE_LANGUAGES];
} kinds[] = {
	[PAGE_ASK] = {200,
		{{"不再接收此类消息？",
			 "确认后立即生效，我们不再以这种方式向您发送此类消息。您的订单、维修和保修服务不受影响。"},
			{"No more messages like this?",
				"Once you confirm, we stop sending you this kind of message this way, at once. "
				"Your orders, repairs and warranties are not affected."}}},
	[PAGE_UNSAID] = {400,
		{{"请再确认一次", "我们没有收到您的确认，尚未作任何更改。请按下面的按钮。"},
			{"Please confirm once more",
				"Your confirmation did not reach us, and nothing has changed yet. Please "
				"press the button."}}},
	[PAGE_DONE] = {200,
		{{"已为您停止发送",
			 "您的要求已记录并立即生效。如果恰有一条消息已在途中，您可能还会收到它。"},
			{"We have stopped",
				"Your request is stored and holds from now on. A message that was already on "
				"its way may still reach you."}}},
	[PAGE_MANGLED] = {400,
		{{"链接不完整",
			 "邮件程序可能截断了链接，因此尚未作任何更改。请从消息中复制完整的链接再打开。"},
			{"The link is not complete",
				"A mail program may have cut it, so nothing has changed. Please copy the whole "
				"link from the message and open it."}}},
	[PAGE_GONE] = {410,
		{{"链接已失效", "因此尚未作任何更改。请使用最近一条消息中的链接，或与我们联系。"},
			{"This link is no longer valid",
				"So nothing has changed. Please use the link in the latest message, or get in "
				"touch with us."}}},
	[PAGE_BUSY] = {429,
		{{"请稍后再试", "请求过于频繁，尚未作任何更改。请过一会儿再打开链接。"},
			{"Please try again later",
				"There were too many requests, so nothing has changed. Please open the link "
				"again in a while."}}},
	[PAGE_AWAY] = {503,
		{{"暂时无法记录", "抱歉，您的要求还没有记录下来。请过几分钟再打开链接确认一次。"},
			{"We cannot store this right now",
				"We are sorry: your request is not stored yet. Please open the link again in a "
				"few minutes and confirm once more."}}},
};

static const struct {
	const char *button;
	const char *stay;
} asks[PAGE_LANGUAGES] = {
	[PAGE_CHINESE] = {"确认，不再接收", "想继续接收？关闭此页即可，不会有任何更改。"},
	[PAGE_ENGLISH] = {"Yes, no more messages",
		"You would like to keep them? Just close this page; nothing changes."},
};

/* ---- Which language ---- */

enum page_language page_language_named(struct slice name, enum page_language otherwise)
{
	for (size_t i = 0; i < PAGE_LANGUAGES; i++) {
		if (slice_equal(name, slice_text(languages[i].name)))
			return (enum page_language)i;
	}
	return otherwise;
}

/* A weight of "zh-CN;q=0.8" in thousandths; what cannot be read weighs nothing. */
static int64_t page_weight(struct slice parameters)
{
	struct slice parameter = text_trim(parameters);
	struct decimal weight;
	if (parameter.len == 0)
		return 1000;
	if (!http_text_starts(parameter, "q=") ||
		decimal_parse(slice_sub(parameter, 2, parameter.len), &weight) != CH_OK ||
		decimal_rescale(weight, 3, &weight) != CH_OK)
		return 0;
	return weight.unscaled;
}

enum page_language page_language(struct slice accepted, enum page_language otherwise)
{
	enum page_language best = otherwise;
	int64_t most = 0;
	struct slice range;
	for (unsigned i = 0; i < ACCEPTED_MOST && text_split(&accepted, ',', &range); i++) {
		struct slice tag = {NULL, 0};
		(void)text_split(&range, ';', &tag); /* none: it stays empty */
		struct slice primary = text_trim(tag);
		(void)text_split(&primary, '-', &tag); /* as above */
		tag = text_trim(tag);
		int64_t weight = page_weight(range);
		for (size_t j = 0; j < PAGE_LANGUAGES; j++) {
			if (weight > most && http_text_equal(tag, languages[j].name)) {
				best = (enum page_language)j;
				most = weight;
			}
		}
	}
	return best;
}

/* ---- The page ---- */

static void page_paragraph(const char *class, const char *text, struct buffer *out)
{
	if (text[0] == 0)
		return;
	buffer_append_text(out, "<p");
	if (class[0] != 0)
		buffer_printf(out, " class=\"%s\"", class);
	buffer_append_byte(out, '>');
	text_append_html(out, slice_text(text));
	buffer_append_text(out, "</p>\n");
}

/* It goes to where the page came from: whatever a proxy calls it. */
static void page_form(enum page_language language, struct buffer *out)
{
	buffer_printf(out,
		"<form method=\"post\">\n<input type=\"hidden\" name=\"lang\" value=\"%s\">\n"
		"<button name=\"confirm\" value=\"yes\">%s</button>\n</form>\n",
		languages[language].name, asks[language].button);
	page_paragraph("less", asks[language].stay, out);
}

static void page_switch(const struct page *page, struct buffer *out)
{
	for (size_t i = 0; i < PAGE_LANGUAGES && page->token.len > 0; i++) {
		if (i == (size_t)page->language)
			continue;
		buffer_printf(out,
			"<a href=\"?t=%.*s&amp;lang=%s\" lang=\"%s\" hreflang=\"%s\">%s</a>\n",
			(int)page->token.len, (const char *)page->token.data, languages[i].name,
			languages[i].tag, languages[i].tag, languages[i].itself);
	}
}

void page_tell(const struct page *page, struct answer *answer)
{
	const struct words *words = &kinds[page->kind].words[page->language];
	bool asks_back = page->kind == PAGE_ASK || page->kind == PAGE_UNSAID;
	struct buffer *out = &answer->body;
	answer->status = kinds[page->kind].status;
	answer->type = "text/html; charset=utf-8";
	answer->policy = policy;
	buffer_clear(out);
	buffer_printf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n<style>",
		languages[page->language].tag, words->title);
	buffer_append_text(out, style);
	buffer_append_text(out, "</style>\n</head>\n<body>\n<main>\n");
	page_paragraph("from", page->name, out);
	if (page->kind == PAGE_DONE)
		buffer_append_text(out,
			"<svg class=\"mark\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" "
			"stroke-width=\"2\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"10\"/>"
			"<path d=\"m7.5 12.5 3 3 6-6.5\"/></svg>\n");
	buffer_printf(out, "<h1>%s</h1>\n", words->title);
	page_paragraph("", words->text, out);
	if (asks_back)
		page_form(page->language, out);
	buffer_append_text(out, "</main>\n<footer>\n");
	page_paragraph("", page->contact, out);
	if (asks_back)
		page_switch(page, out);
	buffer_append_text(out, "</footer>\n</body>\n</html>\n");
}
