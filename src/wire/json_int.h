/* Inside the JSON part of the room. */
#ifndef TANDEM_WIRE_JSON_INT_H
#define TANDEM_WIRE_JSON_INT_H

#include "wire/json.h"

/* Bytes of one value of this type inside a message or an array. */
size_t json__value_size(ProtobufCType type);

#endif
