/* Intrusive, doubly linked, circular list: the link lies in the object, the head in its owner. */
#ifndef TANDEM_BASE_LIST_H
#define TANDEM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))
#define list_for_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)
/* The loop may remove (and free) the object it is at. */
#define list_for_each_safe(at, following, head)                                                              \
    for (struct list *at = (head)->next, *following = at->next; at != (head);                                \
         at = following, following = at->next)

static inline void list_init(struct list *head)
{
    head->next = head->previous = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* A link of zeroed or removed memory is in no list. */
static inline bool list_linked(const struct list *link)
{
    return link->next != NULL && link->next != link;
}

static inline void list_insert(struct list *before, struct list *link)
{
    link->previous = before->previous;
    link->next = before;
    before->previous->next = link;
    before->previous = link;
}

static inline void list_append(struct list *head, struct list *link)
{
    list_insert(head, link);
}

static inline void list_prepend(struct list *head, struct list *link)
{
    list_insert(head->next, link);
}

static inline void list_remove(struct list *link)
{
    if (link->next == NULL)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}

static inline struct list *list_first(const struct list *head)
{
    return head->next != head ? head->next : NULL;
}

#endif
