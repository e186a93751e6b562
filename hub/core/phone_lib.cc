// The one C++ file: libphonenumber has no C face.

#include "core/phone_lib.h"

#include <cstdio>
#include <exception>
#include <phonenumbers/phonenumberutil.h>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// An extension longer than this is no extension.
static const size_t extension_max = 11;

static enum ch_status normalize(const char *raw, const char *region, char *out_e164)
{
	const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
	PhoneNumber number;
	std::string text;
	if (util->Parse(raw, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
		!util->IsValidNumber(number))
		return CH_INVALID;
	util->Format(number, PhoneNumberUtil::E164, &text);
	if (number.has_extension() && !number.extension().empty()) {
		if (number.extension().size() > extension_max)
			return CH_INVALID;
		text += ";ext=" + number.extension();
	}
	if (text.size() >= PHONE_BYTES)
		return CH_INVALID;
	std::snprintf(out_e164, PHONE_BYTES, "%s", text.c_str());
	return CH_OK;
}

extern "C" enum ch_status phone_lib_normalize(
	const char *raw, const char *region, char out_e164[PHONE_BYTES])
{
	// Nothing thrown may cross into C.
	try {
		return normalize(raw, region, out_e164);
	} catch (const std::exception &) {
		return CH_NOMEM;
	}
}
