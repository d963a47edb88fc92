#include "cmodels.h"

static const unsigned char catalogue[] = {
#embed "bedrock-models.json"
};

const unsigned char *cmodels_catalogue(void) { return catalogue; }

size_t cmodels_catalogue_size(void) { return sizeof catalogue; }
