/* What reading data left out, rounded or changed: counted by kind while it is read, reported once, and kept in the
 * cache beside the pixels. A new kind is a row here; who finds an instance calls vae_remarks_add with the source's
 * remarks. */
#ifndef VAE_DATA_REMARKS_H
#define VAE_DATA_REMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row per kind, in the order in which they are told: name, what to say of one, what to say of several. The text
 * follows the number, "3 damaged pictures were left out", and the detail follows it after a colon. */
#define VAE_REMARK_MAP(X)                                                                                              \
    X(DAMAGED, "damaged picture was left out", "damaged pictures were left out")                                       \
    X(UNREAD, "picture in an unsupported format was left out", "pictures in unsupported formats were left out")        \
    X(NO_FILE, "picture was left out, as its name leads to no file",                                                   \
      "pictures were left out, as their names lead to no file")                                                        \
    X(SIXTEEN_BITS, "picture has 16 bits a channel and was rounded to 8",                                              \
      "pictures have 16 bits a channel and were rounded to 8")                                                         \
    X(TRANSPARENT, "picture is partly transparent and was laid over white",                                            \
      "pictures are partly transparent and were laid over white")                                                      \
    X(CMYK, "picture was converted from CMYK to RGB", "pictures were converted from CMYK to RGB")                      \
    X(PROFILE, "picture has a colour profile or gamma other than sRGB, which was not applied",                         \
      "pictures have a colour profile or gamma other than sRGB, which was not applied")                                \
    X(SEVERAL, "picture holds several frames or pages, of which the first was taken",                                  \
      "pictures hold several frames or pages, of which the first was taken")                                           \
    X(BINARY, "image holds only 0 and 1, which are taken for black and white",                                         \
      "images hold only 0 and 1, which are taken for black and white")                                                 \
    X(DARK, "image is dark", "images are dark")                                                                        \
    X(ROUNDED, "number was rounded to one of the 256 levels that pixels have",                                         \
      "numbers were rounded to the 256 levels that pixels have")                                                       \
    X(CLIPPED, "number lies outside [0, 1] and was clipped", "numbers lie outside [0, 1] and were clipped")            \
    X(OTHER_ARRAYS, "other array of the archive is not read", "other arrays of the archive are not read")              \
    X(UNUSED_LABELS, "array of the archive may be labels, but is not used as such",                                    \
      "arrays of the archive may be labels, but are not used as such")                                                 \
    X(CONSTANT, "column is the same in all training data, in float32, so that it is only shifted",                     \
      "columns are the same in all training data, in float32, so that they are only shifted")                          \
    X(COARSE,                                                                                                          \
      "column varies too little for its size: float32 cannot tell its numbers apart; subtract what they share",        \
      "columns vary too little for their size: float32 cannot tell their numbers apart; subtract what they share")     \
    X(OTHER_LEVELS, "image differs in kind from the training images",                                                  \
      "images differ in kind from the training images")                                                                \
    X(EMPTY_LINES, "empty line was left out", "empty lines were left out")                                             \
    X(BLANK_ENDS, "line had blanks before or behind its text, which were left out",                                    \
      "lines had blanks before or behind their text, which were left out")                                             \
    X(CARRIAGE_RETURNS, "line ends as on Windows, and its carriage return was left out",                               \
      "lines end as on Windows, and their carriage returns were left out")                                             \
    X(MARKS, "word is called as the begin or the end of a sentence and was left out",                                  \
      "words are called as the begin or the end of a sentence and were left out")                                      \
    X(UNKNOWN, "token is not in the vocabulary and became <unk>", "tokens are not in the vocabulary and became <unk>") \
    X(EMPTY_DRAWINGS, "drawing without strokes was left out", "drawings without strokes were left out")                \
    X(UNDRAWN, "element of SVG is not a shape and was left out", "elements of SVG are not shapes and were left out")   \
    X(UNRECOGNIZED, "drawing was left out, as QuickDraw did not recognize it (recognized = no keeps it)",              \
      "drawings were left out, as QuickDraw did not recognize them (recognized = no keeps them)")                      \
    X(FAR_OFFSETS, "offset lies beyond 1000 and was clipped", "offsets lie beyond 1000 and were clipped")              \
    X(DAMAGED_PIECES, "damaged MIDI file was left out", "damaged MIDI files were left out")                            \
    X(UNENDED_NOTES, "note is not ended by its file, and was ended with its track",                                    \
      "notes are not ended by their files, and were ended with their tracks")                                          \
    X(SILENT_PIECES, "piece has nothing of what is taken", "pieces have nothing of what is taken")                     \
    X(SHORT_PIECES, "line of music is shorter than an excerpt and was left out",                                       \
      "lines of music are shorter than an excerpt and were left out")                                                  \
    X(OTHER_METRE, "bar of another metre than 4/4 was left out (metre = any takes all)",                               \
      "bars of other metres than 4/4 were left out (metre = any takes all)")                                           \
    X(OTHER_DRUMS, "drum that is none of General MIDI's was left out",                                                 \
      "drums that are none of General MIDI's were left out")                                                           \
    X(CHORDS, "track of chords was left out", "tracks of chords were left out")                                        \
    X(CHORD_NOTES, "note below another was left out", "notes below another were left out")                             \
    X(SILENT_EXCERPTS, "excerpt with a silent bar was left out", "excerpts with a silent bar were left out")           \
    X(HELD_EXCERPTS, "excerpt in which no note begins was left out", "excerpts in which no note begins were left out") \
    X(FAR_PITCHES, "excerpt with a note beyond the 88 keys was left out",                                              \
      "excerpts with notes beyond the 88 keys were left out")                                                          \
    X(REPEATED_EXCERPTS, "excerpt is the same as one before and was left out",                                         \
      "excerpts are the same as one before and were left out")                                                         \
    X(CUT_SENTENCES, "sentence is longer than max_length and was cut",                                                 \
      "sentences are longer than max_length and were cut")                                                             \
    X(CUT_DRAWINGS, "drawing is longer than max_length and was cut", "drawings are longer than max_length and were cut")

typedef enum vae_remark_kind {
#define VAE_REMARK_ROW(name, one, several) VAE_REMARK_##name,
    VAE_REMARK_MAP(VAE_REMARK_ROW)
#undef VAE_REMARK_ROW
        VAE_REMARK_KINDS
} vae_remark_kind;

enum { VAE_REMARK_DETAIL = 256, VAE_REMARK_TEXT = VAE_REMARK_DETAIL + 256 };

/* Plain bytes, which the cache writes as they are. Begins as zeros. */
typedef struct vae_remark {
    int64_t count;                  /* 0: there is nothing to tell */
    char detail[VAE_REMARK_DETAIL]; /* of the first instance, say: what was wrong with it; "" for none */
} vae_remark;

typedef struct vae_remarks {
    vae_remark of[VAE_REMARK_KINDS];
} vae_remarks;

/* Counts `count` more instances. The first detail stays; format NULL: none. Not for several threads
 * at once. */
__attribute__((format(printf, 4, 5))) void vae_remarks_add(vae_remarks *remarks, vae_remark_kind kind, int64_t count,
                                                           const char *format, ...);

/* Replaces that kind's detail. */
__attribute__((format(printf, 3, 4))) void vae_remarks_describe(vae_remarks *remarks, vae_remark_kind kind,
                                                                const char *format, ...);

/* Adds the counts of `more`, whose details stand in where `remarks` has none yet. */
void vae_remarks_merge(vae_remarks *remarks, const vae_remarks *more);

/* Writes the line on that kind, without its end; false if there is nothing to tell of it. */
bool vae_remark_write(const vae_remarks *remarks, vae_remark_kind kind, char text[VAE_REMARK_TEXT]);

#endif
