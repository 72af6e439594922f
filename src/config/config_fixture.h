/* A copy of the configuration out of a catalogue, as tests want it. */
#ifndef TANDEM_CONFIG_CONFIG_FIXTURE_H
#define TANDEM_CONFIG_CONFIG_FIXTURE_H

#include "config/catalogue.h"

/* Never fails: a test whose objects do not fit together ends there. */
struct configuration *config_fixture_build(const struct catalogue *c);

#endif
