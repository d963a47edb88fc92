// The model catalogue, as it lies beside this target's source: a program has it with it wherever it is installed.
#ifndef CMODELS_H
#define CMODELS_H

#include <stddef.h>

/// bedrock-models.json: JSON, not terminated, for as long as the process lives.
const unsigned char *cmodels_catalogue(void);
size_t cmodels_catalogue_size(void);

#endif
