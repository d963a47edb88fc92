#include "cshims.h"
#include "cshims_curl.h"
