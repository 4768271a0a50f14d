/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FR_UTF8_H
#define FR_UTF8_H

#include <stddef.h>

/**
 * fr_utf8_length() - the length of a character
 * @text: text with a NUL at its end
 *
 * Return: bytes, 1 to 4, of the character that @text begins with; 0 if that is
 * not valid UTF-8.
 */
size_t fr_utf8_length(const char *text);

#endif
