#include "module/marketing/book_tables.h"

const char *const marketing_tables[MARKETING_TABLES] = {
	[TABLE_PURCHASES] = "purchases",
	[TABLE_HELD] = "held",
	[TABLE_UNITS] = "units",
	[TABLE_COMPLAINTS] = "complaints",
	[TABLE_PRODUCTS] = "products",
	[TABLE_BUYERS] = "buyers",
	[TABLE_STANDINGS] = "standings",
	[TABLE_MEMBERS] = "members",
	[TABLE_STALE] = "stale",
	[TABLE_DUE] = "due",
	[TABLE_SWEEPS] = "sweeps",
	[TABLE_RECEIPTS] = "receipts",
	[TABLE_BASKETS] = "baskets",
	[TABLE_ITEMS] = "items",
	[TABLE_TREE] = "tree",
};
