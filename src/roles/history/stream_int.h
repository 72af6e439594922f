/* The actions of a stream's machine. */
#ifndef TANDEM_ROLES_HISTORY_STREAM_INT_H
#define TANDEM_ROLES_HISTORY_STREAM_INT_H

#include "roles/history/history_int.h"

int stream__hold(void *stream, const void *event);
int stream__collect(void *stream, const void *event);
int stream__collect_and_store(void *stream, const void *event);
int stream__advance(void *stream, const void *input);
int stream__learn(void *stream, const void *position);
int stream__overdue(void *stream, const void *input);
int stream__ask(void *stream, const void *input);
int stream__ask_again(void *stream, const void *input);
int stream__repeat(void *stream, const void *input);
void stream__arm(void *stream, enum timer timer);
void stream__refused(void *stream);

#endif
