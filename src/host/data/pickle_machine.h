/* What the two halves of the pickle reader share: opcodes (pickle_machine.c) and the objects that they build
 * (pickle_numpy.c). */
#ifndef VAE_DATA_PICKLE_MACHINE_H
#define VAE_DATA_PICKLE_MACHINE_H

#include "data/pickle.h"

typedef enum vae_pickle_kind {
    VAE_PICKLE_MARK,
    VAE_PICKLE_NONE,
    VAE_PICKLE_INTEGER, /* also False and True */
    VAE_PICKLE_BYTES,   /* of Python 2 also its texts */
    VAE_PICKLE_TEXT,    /* UTF-8 */
    VAE_PICKLE_TUPLE,
    VAE_PICKLE_LIST,
    VAE_PICKLE_GLOBAL,
    VAE_PICKLE_DTYPE,
    VAE_PICKLE_ARRAY,
} vae_pickle_kind;

typedef struct vae_pickle_value vae_pickle_value;
typedef struct vae_pickle_machine vae_pickle_machine;

/* An object that a pickle may name. */
typedef struct vae_pickle_global {
    const char *module, *name;
    /* Calls it with a tuple of arguments; NULL: it is only passed to others. */
    vae_status (*call)(vae_pickle_machine *machine, const vae_pickle_value *arguments, vae_pickle_value **made);
} vae_pickle_global;

struct vae_pickle_value {
    vae_pickle_kind kind;
    union {
        int64_t integer;
        struct {
            const uint8_t *start;
            size_t size;
        } bytes; /* of BYTES and TEXT */
        struct {
            vae_pickle_value **items;
            size_t count, room;
        } list; /* of TUPLE and LIST */
        const vae_pickle_global *global;
        struct {
            char name[8]; /* NumPy's, "<i2" or "|O8" */
        } dtype;
        struct {
            vae_pickled_array *numbers;       /* NULL until it has its state, and of an object array */
            const vae_pickle_value *elements; /* the list of an object array of rank 1, else NULL */
        } array;
    };
};

struct vae_pickle_machine {
    const char *name;
    const uint8_t *bytes;
    size_t size, at; /* the next byte to be read */
    size_t opcode;   /* where the present opcode stands, for messages */
    vae_pickle_value **stack, **memo;
    size_t stack_count, stack_room, memo_count, memo_room;
    struct vae_pickle_block *memory;
    size_t taken, most; /* bytes of memory: now, and at most */
};

/* VAE_ERROR_FORMAT, with the array, the byte, and this text. */
#define vae_pickle_fail(machine, ...)                                                                                  \
    vae_failure((vae_error_format(__VA_ARGS__), vae_pickle_add_place(machine), VAE_ERROR_FORMAT))
void vae_pickle_add_place(const vae_pickle_machine *machine);

/* Zeros that are freed with the pickle; NULL, with the message set, beyond the limit. */
void *vae_pickle_take(vae_pickle_machine *machine, size_t size);
vae_status vae_pickle_make(vae_pickle_machine *machine, vae_pickle_kind kind, vae_pickle_value **made);

/* NULL: it is not one of those that arrays are made of. */
const vae_pickle_global *vae_pickle_find_global(const uint8_t *module, size_t module_size, const uint8_t *name,
                                                size_t name_size);
/* Gives an object its state. */
vae_status vae_pickle_build(vae_pickle_machine *machine, vae_pickle_value *object, const vae_pickle_value *state);
/* The arrays in what a whole pickle has made. */
vae_status vae_pickle_collect(vae_pickle_machine *machine, const vae_pickle_value *whole, vae_pickle *pickle);

#endif
