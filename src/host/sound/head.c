/* Reads lengths of data where containers of sound keep them, and holds them to the length of the file. */
#include "sound/head.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where data begin and how many bytes are promised; LEFT_OPEN where the file does not say. */
typedef struct extent {
    int64_t first, bytes;
} extent;

#define LEFT_OPEN (-1)
enum { CHUNK_HEAD = 8, LONG_CHUNK_HEAD = 24, SPHERE_HEAD = 1024, TAG_HEAD = 10 };
/* What stands before the data of a file is not endless. */
enum { MOST_CHUNKS = 4096, MOST_TAGS = 64 };

typedef struct head {
    int file;
    int64_t start, size; /* start: behind a tag that may stand before anything */
    uint8_t magic[12];
} head;

/* Whether all of it is there. */
static bool read_at(const head *h, int64_t place, void *bytes, size_t count)
{
    return pread(h->file, bytes, count, (off_t)place) == (ssize_t)count;
}

static uint32_t number32(const uint8_t *bytes, bool big)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; ++i)
        number = number << 8 | bytes[big ? i : 3 - i];
    return number;
}

static bool begins(const uint8_t *bytes, const char *magic)
{
    return memcmp(bytes, magic, 4) == 0;
}

static int64_t promised(uint32_t size)
{
    return size == UINT32_MAX || size == 0 ? LEFT_OPEN : (int64_t)size;
}

/* Of 64 bits, the lowest first; so large that sums of it overflow it cannot be. */
static int64_t number64(const uint8_t *bytes)
{
    const uint64_t number = (uint64_t)number32(bytes + 4, false) << 32 | number32(bytes, false);
    return number > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)number;
}

/* The data size of an RF64 file, whose own chunk says that it stands in another. */
static int64_t long_size(const head *h, int64_t chunk)
{
    uint8_t bytes[8];
    return read_at(h, chunk + CHUNK_HEAD + 8, bytes, sizeof bytes) ? number64(bytes) : LEFT_OPEN;
}

/* Chunks of a name and a size, padded to even bytes. */
static extent find_chunk(const head *h, bool big, const char *name)
{
    int64_t place = h->start + 12, longer = LEFT_OPEN;
    uint8_t bytes[CHUNK_HEAD];
    for (int i = 0; i < MOST_CHUNKS && read_at(h, place, bytes, sizeof bytes); ++i) {
        const uint32_t size = number32(bytes + 4, big);
        if (begins(bytes, name)) {
            const int64_t data = size == UINT32_MAX ? longer : promised(size);
            return (extent){place + CHUNK_HEAD, data};
        }
        if (begins(bytes, "ds64")) longer = long_size(h, place);
        place += CHUNK_HEAD + (int64_t)size + (size & 1);
    }
    return (extent){h->size, LEFT_OPEN};
}

static extent find_in_wav(const head *h)
{
    return find_chunk(h, h->magic[3] == 'X', "data");
}

static extent find_in_aiff(const head *h)
{
    return find_chunk(h, true, "SSND");
}

/* Chunks of a name of 16 bytes and a size of 64 bits, which counts these too, padded to 8 bytes. */
static extent find_in_w64(const head *h)
{
    int64_t place = h->start + 40;
    uint8_t bytes[LONG_CHUNK_HEAD];
    for (int i = 0; i < MOST_CHUNKS && read_at(h, place, bytes, sizeof bytes); ++i) {
        const int64_t size = number64(bytes + 16);
        if (size < LONG_CHUNK_HEAD) break;
        if (begins(bytes, "data")) return (extent){place + LONG_CHUNK_HEAD, size - LONG_CHUNK_HEAD};
        place += (size + 7) / 8 * 8;
    }
    return (extent){h->size, LEFT_OPEN};
}

static extent find_in_au(const head *h)
{
    const bool big = h->magic[0] == '.';
    return (extent){h->start + number32(h->magic + 4, big), promised(number32(h->magic + 8, big))};
}

/* The value of a field, as in "channel_count -i 1"; 0 where it is missing. */
static int64_t sphere_number(const char *text, const char *field)
{
    const char *found = strstr(text, field);
    return found ? strtol(found + strlen(field), NULL, 10) : 0;
}

static extent find_in_sphere(const head *h)
{
    char text[SPHERE_HEAD + 1] = {0};
    if (!read_at(h, h->start, text, SPHERE_HEAD)) return (extent){h->size, LEFT_OPEN};
    const int64_t samples = sphere_number(text, "\nsample_count -i "),
                  bytes = sphere_number(text, "\nsample_n_bytes -i "),
                  channels = sphere_number(text, "\nchannel_count -i ");
    const bool plain =
        samples > 0 && samples <= UINT32_MAX && bytes > 0 && bytes <= 8 && channels > 0 && channels <= 1024;
    return (extent){h->start + SPHERE_HEAD, plain ? samples * bytes * channels : LEFT_OPEN};
}

static const struct container {
    const char *magic;
    extent (*find)(const head *h);
} containers[] = {
    {"RIFF", find_in_wav}, {"RIFX", find_in_wav}, {"RF64", find_in_wav},    {"FORM", find_in_aiff},
    {".snd", find_in_au},  {"dns.", find_in_au},  {"NIST", find_in_sphere}, {"riff", find_in_w64},
};

/* Tags of ID3 may stand before files of any format; libsndfile passes them over. */
static void skip_tags(head *h)
{
    uint8_t tag[TAG_HEAD];
    for (int t = 0; t < MOST_TAGS && read_at(h, h->start, tag, sizeof tag) && memcmp(tag, "ID3", 3) == 0; ++t) {
        int64_t size = 0;
        for (int i = 6; i < TAG_HEAD; ++i)
            size = size << 7 | (tag[i] & 0x7F);
        h->start += TAG_HEAD + size;
    }
}

/* What is not read; NULL if that is not such a file. */
static const char *find_unread(const head *h)
{
    uint8_t codec[4];
    if (h->magic[0] == 0xFF && (h->magic[1] & 0xE0) == 0xE0) return "MPEG audio";
    if (h->magic[0] == 0xF0 && h->magic[1] == 0x7E) return "a MIDI sample dump";
    /* Behind the file's head, that of its first chunk, and the rate. */
    if (begins(h->magic, "caff") && read_at(h, h->start + 28, codec, sizeof codec) && begins(codec, "alac")) {
        return "ALAC";
    }
    return NULL;
}

vae_status vae_sound_check_head(int file, const char *path, int64_t size)
{
    head h = {.file = file, .size = size};
    if (size == 0) return vae_error_set(VAE_ERROR_FORMAT, "%s: is empty", path);
    skip_tags(&h);
    /* Whatever is too short to have a head is left to libsndfile. */
    if (!read_at(&h, h.start, h.magic, sizeof h.magic)) return VAE_OK;
    const char *unread = find_unread(&h);
    if (unread) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is %s, which is not read; convert it to WAV or FLAC", path, unread);
    }
    for (size_t i = 0; i < sizeof containers / sizeof *containers; ++i) {
        if (!begins(h.magic, containers[i].magic)) continue;
        const extent data = containers[i].find(&h);
        const int64_t there = data.first < size ? size - data.first : 0;
        if (data.bytes <= there) return VAE_OK;
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is cut short: of the %" PRId64 " bytes of sound that it promises, %" PRId64
                             " are there",
                             path, data.bytes, there);
    }
    return VAE_OK;
}
