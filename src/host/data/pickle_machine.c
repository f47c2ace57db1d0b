/* The machine that pickles are programs for, with just the opcodes that arrays are written with. A value is made once
 * and then referred to; lists and tuples are never walked, so depth costs nothing. */
#include "data/pickle_machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Memory that a pickle may take: of drawings of two points, each byte takes about twelve. */
enum { BLOCK_SIZE = 1 << 20, MEMORY_PER_BYTE = 32, MEMORY_AT_LEAST = 1 << 20 };

/* ---- Memory ---- */

typedef struct vae_pickle_block {
    struct vae_pickle_block *next;
    size_t used, size;
    _Alignas(16) unsigned char bytes[];
} vae_pickle_block;

static void free_blocks(vae_pickle_block *block)
{
    while (block) {
        vae_pickle_block *next = block->next;
        free(block);
        block = next;
    }
}

void *vae_pickle_take(vae_pickle_machine *m, size_t size)
{
    const size_t rounded = (size + 15) / 16 * 16;
    if (rounded > m->most - m->taken) {
        (void)vae_pickle_fail(m, "more objects than arrays of this size are made of");
        return NULL;
    }
    if (!m->memory || m->memory->size - m->memory->used < rounded) {
        const size_t room = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;
        vae_pickle_block *block = calloc(1, sizeof *block + room);
        if (!block) {
            (void)vae_pickle_fail(m, "more than there is memory for");
            return NULL;
        }
        *block = (vae_pickle_block){.next = m->memory, .size = room};
        m->memory = block;
    }
    void *start = m->memory->bytes + m->memory->used;
    m->memory->used += rounded;
    m->taken += rounded;
    return start;
}

vae_status vae_pickle_make(vae_pickle_machine *m, vae_pickle_kind kind, vae_pickle_value **made)
{
    *made = vae_pickle_take(m, sizeof **made);
    if (!*made) return VAE_ERROR_FORMAT;
    (*made)->kind = kind;
    return VAE_OK;
}

void vae_pickle_add_place(const vae_pickle_machine *m)
{
    vae_error_add_context("%s: byte %zu of its pickle", m->name, m->opcode);
}

/* ---- The stack ---- */

/* Room for one more pointer. Growing by doubling leaves half of what was taken unused, which the limit allows for. */
static vae_status grow(vae_pickle_machine *m, vae_pickle_value ***items, size_t count, size_t *room)
{
    if (count < *room) return VAE_OK;
    const size_t more = *room ? 2 * *room : 4;
    vae_pickle_value **grown = vae_pickle_take(m, more * sizeof(vae_pickle_value *));
    if (!grown) return VAE_ERROR_FORMAT;
    if (count) memcpy(grown, *items, count * sizeof(vae_pickle_value *));
    *items = grown;
    *room = more;
    return VAE_OK;
}

static vae_status push(vae_pickle_machine *m, vae_pickle_value *value)
{
    VAE_TRY(grow(m, &m->stack, m->stack_count, &m->stack_room));
    m->stack[m->stack_count++] = value;
    return VAE_OK;
}

/* That the stack's last `count` values are there, none of them a mark. */
static vae_status need(vae_pickle_machine *m, size_t count)
{
    bool there = m->stack_count >= count;
    for (size_t i = 1; there && i <= count; ++i)
        there = m->stack[m->stack_count - i]->kind != VAE_PICKLE_MARK;
    return there ? VAE_OK : vae_pickle_fail(m, "an operation without operands");
}

static vae_pickle_value *top(const vae_pickle_machine *m)
{
    return m->stack[m->stack_count - 1];
}

/* How many values lie above the last mark. */
static vae_status count_to_mark(vae_pickle_machine *m, size_t *count)
{
    for (*count = 0; *count < m->stack_count; ++*count) {
        if (m->stack[m->stack_count - 1 - *count]->kind == VAE_PICKLE_MARK) return VAE_OK;
    }
    return vae_pickle_fail(m, "an operation without its mark");
}

/* ---- Operations. `number` is an opcode's argument, or the length of what follows it, which is at `bytes`. ---- */

typedef struct operand {
    uint64_t number;
    const uint8_t *bytes;
} operand;

static vae_status push_new(vae_pickle_machine *m, vae_pickle_kind kind, int64_t integer)
{
    vae_pickle_value *value;
    VAE_TRY(vae_pickle_make(m, kind, &value));
    value->integer = integer;
    return push(m, value);
}

static vae_status push_bytes(vae_pickle_machine *m, vae_pickle_kind kind, operand a)
{
    vae_pickle_value *value;
    VAE_TRY(vae_pickle_make(m, kind, &value));
    value->bytes.start = a.bytes;
    value->bytes.size = (size_t)a.number;
    return push(m, value);
}

static vae_status do_bytes(vae_pickle_machine *m, operand a)
{
    return push_bytes(m, VAE_PICKLE_BYTES, a);
}

static vae_status do_text(vae_pickle_machine *m, operand a)
{
    return push_bytes(m, VAE_PICKLE_TEXT, a);
}

static vae_status do_protocol(vae_pickle_machine *m, operand a)
{
    return a.number >= 2 && a.number <= 5 ? VAE_OK : vae_pickle_fail(m, "protocol %" PRIu64 ", not 2 to 5", a.number);
}

static vae_status do_frame(vae_pickle_machine *m, operand a)
{
    return a.number <= m->size - m->at ? VAE_OK : vae_pickle_fail(m, "a frame that goes past its end");
}

static vae_status do_mark(vae_pickle_machine *m, operand a)
{
    (void)a;
    return push_new(m, VAE_PICKLE_MARK, 0);
}

static vae_status do_none(vae_pickle_machine *m, operand a)
{
    (void)a;
    return push_new(m, VAE_PICKLE_NONE, 0);
}

static vae_status do_false(vae_pickle_machine *m, operand a)
{
    (void)a;
    return push_new(m, VAE_PICKLE_INTEGER, 0);
}

static vae_status do_true(vae_pickle_machine *m, operand a)
{
    (void)a;
    return push_new(m, VAE_PICKLE_INTEGER, 1);
}

static vae_status do_unsigned(vae_pickle_machine *m, operand a)
{
    return push_new(m, VAE_PICKLE_INTEGER, (int64_t)a.number);
}

static vae_status do_signed(vae_pickle_machine *m, operand a)
{
    return push_new(m, VAE_PICKLE_INTEGER, (int32_t)(uint32_t)a.number);
}

/* Two's complement of any length. */
static vae_status do_long(vae_pickle_machine *m, operand a)
{
    if (a.number > 8) return vae_pickle_fail(m, "an integer of more than 64 bits");
    uint64_t value = a.number > 0 && a.bytes[a.number - 1] & 0x80 ? UINT64_MAX : 0;
    for (uint64_t i = a.number; i > 0; --i)
        value = value << 8 | a.bytes[i - 1];
    return push_new(m, VAE_PICKLE_INTEGER, (int64_t)value);
}

/* Takes the stack's last `count` values. */
static vae_status make_tuple(vae_pickle_machine *m, size_t count, size_t marks)
{
    vae_pickle_value *tuple;
    VAE_TRY(need(m, count));
    VAE_TRY(vae_pickle_make(m, VAE_PICKLE_TUPLE, &tuple));
    tuple->list.items = vae_pickle_take(m, (count + 1) * sizeof(vae_pickle_value *));
    if (!tuple->list.items) return VAE_ERROR_FORMAT;
    tuple->list.count = count;
    if (count) memcpy(tuple->list.items, m->stack + m->stack_count - count, count * sizeof(vae_pickle_value *));
    m->stack_count -= count + marks;
    return push(m, tuple);
}

static vae_status do_tuple(vae_pickle_machine *m, operand a)
{
    (void)a;
    size_t count;
    VAE_TRY(count_to_mark(m, &count));
    return make_tuple(m, count, 1);
}

/* EMPTY_TUPLE is not beside TUPLE1 to TUPLE3. */
static vae_status do_empty_tuple(vae_pickle_machine *m, operand a)
{
    (void)a;
    return make_tuple(m, 0, 0);
}

static vae_status do_short_tuple(vae_pickle_machine *m, operand a)
{
    (void)a;
    return make_tuple(m, (size_t)m->bytes[m->opcode] - 0x84, 0);
}

static vae_status do_list(vae_pickle_machine *m, operand a)
{
    (void)a;
    return push_new(m, VAE_PICKLE_LIST, 0);
}

static vae_status append(vae_pickle_machine *m, size_t count, size_t marks)
{
    VAE_TRY(need(m, count));
    const size_t below = count + marks;
    vae_pickle_value *list = m->stack_count > below ? m->stack[m->stack_count - 1 - below] : NULL;
    if (!list || list->kind != VAE_PICKLE_LIST) return vae_pickle_fail(m, "elements that no list is there for");
    for (size_t i = count; i > 0; --i) {
        VAE_TRY(grow(m, &list->list.items, list->list.count, &list->list.room));
        list->list.items[list->list.count++] = m->stack[m->stack_count - i];
    }
    m->stack_count -= below;
    return VAE_OK;
}

static vae_status do_append(vae_pickle_machine *m, operand a)
{
    (void)a;
    return append(m, 1, 0);
}

static vae_status do_appends(vae_pickle_machine *m, operand a)
{
    (void)a;
    size_t count;
    VAE_TRY(count_to_mark(m, &count));
    return append(m, count, 1);
}

/* Picklers number what they remember without gaps, so that a number beyond the bytes read so far is none of theirs. */
static vae_status do_put(vae_pickle_machine *m, operand a)
{
    VAE_TRY(need(m, 1));
    if (a.number > m->at) return vae_pickle_fail(m, "a place of its memo that cannot be");
    vae_pickle_value *value = top(m);
    while (m->memo_count <= a.number) {
        VAE_TRY(grow(m, &m->memo, m->memo_count, &m->memo_room));
        m->memo[m->memo_count++] = NULL;
    }
    m->memo[a.number] = value;
    return VAE_OK;
}

static vae_status do_memoize(vae_pickle_machine *m, operand a)
{
    a.number = m->memo_count;
    return do_put(m, a);
}

static vae_status do_get(vae_pickle_machine *m, operand a)
{
    if (a.number >= m->memo_count || !m->memo[a.number]) return vae_pickle_fail(m, "a reference to nothing");
    return push(m, m->memo[a.number]);
}

static vae_status push_global(vae_pickle_machine *m, operand module, operand name)
{
    vae_pickle_value *value;
    const vae_pickle_global *global =
        vae_pickle_find_global(module.bytes, (size_t)module.number, name.bytes, (size_t)name.number);
    if (!global) {
        const int module_shown = module.number < 100 ? (int)module.number : 100;
        const int name_shown = name.number < 100 ? (int)name.number : 100;
        return vae_pickle_fail(m,
                               "a reference to %.*s.%.*s, but only arrays of numbers are read, and nothing is executed",
                               module_shown, (const char *)module.bytes, name_shown, (const char *)name.bytes);
    }
    VAE_TRY(vae_pickle_make(m, VAE_PICKLE_GLOBAL, &value));
    value->global = global;
    return push(m, value);
}

/* Up to the end of the line, which is passed over. */
static vae_status read_line(vae_pickle_machine *m, operand *line)
{
    line->bytes = m->bytes + m->at;
    const uint8_t *end = memchr(line->bytes, '\n', m->size - m->at);
    if (!end) return vae_pickle_fail(m, "a name without an end");
    line->number = (uint64_t)(end - line->bytes);
    m->at += line->number + 1;
    return VAE_OK;
}

static vae_status do_global(vae_pickle_machine *m, operand a)
{
    operand name;
    VAE_TRY(read_line(m, &a));
    VAE_TRY(read_line(m, &name));
    return push_global(m, a, name);
}

static vae_status do_stack_global(vae_pickle_machine *m, operand a)
{
    (void)a;
    VAE_TRY(need(m, 2));
    const vae_pickle_value *module = m->stack[m->stack_count - 2], *name = top(m);
    if (module->kind != VAE_PICKLE_TEXT || name->kind != VAE_PICKLE_TEXT) {
        return vae_pickle_fail(m, "a reference without a name");
    }
    m->stack_count -= 2;
    return push_global(m, (operand){module->bytes.size, module->bytes.start},
                       (operand){name->bytes.size, name->bytes.start});
}

static vae_status do_reduce(vae_pickle_machine *m, operand a)
{
    (void)a;
    VAE_TRY(need(m, 2));
    const vae_pickle_value *callee = m->stack[m->stack_count - 2], *arguments = top(m);
    if (callee->kind != VAE_PICKLE_GLOBAL || !callee->global->call || arguments->kind != VAE_PICKLE_TUPLE) {
        return vae_pickle_fail(m, "a call of something that makes no array");
    }
    vae_pickle_value *made;
    VAE_TRY(callee->global->call(m, arguments, &made));
    m->stack_count -= 2;
    return push(m, made);
}

static vae_status do_build(vae_pickle_machine *m, operand a)
{
    (void)a;
    VAE_TRY(need(m, 2));
    const vae_pickle_value *state = top(m);
    --m->stack_count;
    return vae_pickle_build(m, top(m), state);
}

/* ---- Opcodes ---- */

typedef struct opcode {
    uint8_t code;
    uint8_t number_bytes; /* of its argument */
    bool counted;         /* so many bytes follow the argument */
    vae_status (*run)(vae_pickle_machine *machine, operand a);
} opcode;

enum { OPCODE_STOP = '.' };

static const opcode opcodes[] = {
    {0x80, 1, false, do_protocol},    {0x95, 8, false, do_frame},
    {'c', 0, false, do_global},       {0x93, 0, false, do_stack_global},
    {'R', 0, false, do_reduce},       {'b', 0, false, do_build},
    {'(', 0, false, do_mark},         {'N', 0, false, do_none},
    {0x88, 0, false, do_true},        {0x89, 0, false, do_false},
    {'J', 4, false, do_signed},       {'K', 1, false, do_unsigned},
    {'M', 2, false, do_unsigned},     {0x8A, 1, true, do_long},
    {'U', 1, true, do_bytes},  /* SHORT_BINSTRING, Python 2's */
    {'T', 4, true, do_bytes},  /* BINSTRING, likewise */
    {'C', 1, true, do_bytes},  /* SHORT_BINBYTES */
    {'B', 4, true, do_bytes},  /* BINBYTES */
    {0x8E, 8, true, do_bytes}, /* BINBYTES8 */
    {0x96, 8, true, do_bytes}, /* BYTEARRAY8 */
    {0x8C, 1, true, do_text},  /* SHORT_BINUNICODE */
    {'X', 4, true, do_text},   /* BINUNICODE */
    {0x8D, 8, true, do_text},  /* BINUNICODE8 */
    {')', 0, false, do_empty_tuple},  {0x85, 0, false, do_short_tuple},
    {0x86, 0, false, do_short_tuple}, {0x87, 0, false, do_short_tuple},
    {'t', 0, false, do_tuple},        {']', 0, false, do_list},
    {'a', 0, false, do_append},       {'e', 0, false, do_appends},
    {'q', 1, false, do_put},          {'r', 4, false, do_put},
    {0x94, 0, false, do_memoize},     {'h', 1, false, do_get},
    {'j', 4, false, do_get},
};

static const opcode *find_opcode(uint8_t code)
{
    for (size_t i = 0; i < sizeof opcodes / sizeof *opcodes; ++i) {
        if (opcodes[i].code == code) return &opcodes[i];
    }
    return NULL;
}

/* Runs one opcode that is not STOP. */
static vae_status run_opcode(vae_pickle_machine *m)
{
    const uint8_t code = m->bytes[m->at++];
    const opcode *op = find_opcode(code);
    operand a = {0};
    if (!op) return vae_pickle_fail(m, "the opcode 0x%02X, which no array is written with", code);
    if (op->number_bytes > m->size - m->at) return vae_pickle_fail(m, "an argument that is cut short");
    for (int i = op->number_bytes; i > 0; --i)
        a.number = a.number << 8 | m->bytes[m->at + (size_t)i - 1];
    m->at += op->number_bytes;
    a.bytes = m->bytes + m->at;
    if (op->counted) {
        if (a.number > m->size - m->at)
            return vae_pickle_fail(m, "%" PRIu64 " bytes, which it does not hold", a.number);
        m->at += (size_t)a.number;
    }
    return op->run(m, a);
}

static vae_status run(vae_pickle_machine *m, vae_pickle *pickle)
{
    for (;; m->opcode = m->at) {
        if (m->at >= m->size) return vae_pickle_fail(m, "no end: it is cut short");
        if (m->bytes[m->at] == OPCODE_STOP) break;
        VAE_TRY(run_opcode(m));
    }
    VAE_TRY(need(m, 1));
    if (m->at + 1 != m->size) return vae_pickle_fail(m, "its end, but %zu bytes follow", m->size - m->at - 1);
    return vae_pickle_collect(m, top(m), pickle);
}

vae_status vae_pickle_read(const char *name, const uint8_t *bytes, size_t size, vae_pickle *pickle)
{
    vae_pickle_machine m = {.name = name, .bytes = bytes, .size = size};
    m.most = size > SIZE_MAX / MEMORY_PER_BYTE ? SIZE_MAX : size * MEMORY_PER_BYTE + MEMORY_AT_LEAST;
    *pickle = (vae_pickle){0};
    const vae_status status = run(&m, pickle);
    pickle->memory = m.memory;
    if (status) vae_pickle_free(pickle);
    return status;
}

void vae_pickle_free(vae_pickle *pickle)
{
    free_blocks(pickle->memory);
    *pickle = (vae_pickle){0};
}
