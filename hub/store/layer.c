#include "store/layer.h"

#include <stdlib.h>

enum ch_status layer_create(uint32_t expected, struct layer **out_layer)
{
	struct layer *layer = calloc(1, sizeof(*layer));
	if (layer == NULL)
		return CH_NOMEM;
	layer->holders = 1;
	enum ch_status status = overlay_create(store_tables, expected, &layer->keys);
	if (status == CH_OK)
		status = ids_create(expected / 2, &layer->ids);
	if (status == CH_OK)
		*out_layer = layer;
	else
		layer_free(layer);
	return status;
}

void layer_free(struct layer *layer)
{
	if (layer == NULL)
		return;
	overlay_free(layer->keys);
	ids_free(layer->ids);
	free(layer);
}

void layer_recycle(struct layer *layer)
{
	overlay_reset(layer->keys);
	overlay_warm(layer->keys);
	ids_reset(layer->ids);
	ids_warm(layer->ids);
	layer->sequence = 0;
	layer->epoch = 0;
	layer->since_us = 0;
}

enum ch_status layer_absorb(struct layer *layer, const struct layer *batch, uint32_t visible)
{
	/* All or nothing: an id without its keys would make a duplicate of an event that is
	 * folded again. */
	enum ch_status status = ids_make_room(layer->ids, batch->ids);
	if (status == CH_OK)
		status = overlay_absorb(layer->keys, batch->keys, visible);
	if (status == CH_OK)
		ids_absorb(layer->ids, batch->ids);
	return status;
}

uint32_t layer_places(const struct layer *layer)
{
	return overlay_places(layer->keys) + ids_count(layer->ids) / 2;
}

uint64_t layer_bytes(const struct layer *layer)
{
	return overlay_bytes(layer->keys) + ids_bytes(layer->ids);
}
