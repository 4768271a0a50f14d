// SPDX-License-Identifier: GPL-2.0-or-later
#include "utf8.h"

size_t fr_utf8_length(const char *string)
{
	const unsigned char *text = (const unsigned char *)string;
	size_t length = text[0] < 0x80 ? 1 :
			text[0] < 0xc2 ? 0 :
			text[0] < 0xe0 ? 2 :
			text[0] < 0xf0 ? 3 :
			text[0] < 0xf5 ? 4 :
					 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what is beyond Unicode. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) ||
	    (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}
