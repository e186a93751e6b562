#include "bench/hub/visit.h"

#include "bench/load/complaint.h"

enum ch_status visit_failed(const char *what, enum ch_status status)
{
	complaint("hub", "%s: %s: %s", what, ch_status_text(status), ch_error_detail());
	return status;
}

enum ch_status visit_open(const struct house *house, struct ch_connection **out_connection)
{
	struct ch_options *options = ch_options_create();
	enum ch_status status = options == NULL ? CH_NOMEM : CH_OK;
	if (status == CH_OK)
		status = ch_options_set_endpoint(options, house->endpoint);
	if (status == CH_OK)
		status = ch_options_set_server_key(options, house->server_key);
	if (status == CH_OK)
		status = ch_options_set_key(options, house->secret_key);
	if (status == CH_OK)
		status = ch_connect(options, out_connection);
	ch_options_free(options);
	return status == CH_OK ? status : visit_failed("connect", status);
}
