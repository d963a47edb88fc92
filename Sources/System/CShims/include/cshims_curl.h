#ifndef CSHIMS_CURL_H
#define CSHIMS_CURL_H

// curl_easy_setopt and its kin are variadic C, which Swift cannot call: one typed wrapper each.

#include <curl/curl.h>

#endif
