/* Whether more new calls come than the pair may take; proxies are told which part to refuse. */
#ifndef TANDEM_ROLES_NODE_LOAD_H
#define TANDEM_ROLES_NODE_LOAD_H

#include <stdint.h>

struct node;

void node__load_open(struct node *n);
void node__load_close(struct node *n);
void node__load_count(struct node *n, uint32_t calls); /* 0: a proxy has asked how it is */
uint32_t node__load_loss(const struct node *n);        /* percent that proxies have been told to refuse */

#endif
