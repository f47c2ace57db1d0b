/* The tokens of a text by number: words, characters or bytes. The same functions serve a text that is read, and
 * sentences that are given and printed. A vocabulary is a list of names (data/classes.h): begin, end and unknown come
 * first. */
#ifndef VAE_DATA_VOCABULARY_H
#define VAE_DATA_VOCABULARY_H

#include "config/config.h"
#include "data/classes.h"

enum { VAE_TOKEN_BEGIN, VAE_TOKEN_END, VAE_TOKEN_UNKNOWN, VAE_TOKEN_SPECIALS };

/* What they are called: "<bos>", "<eos>", "<unk>". A text that holds these words means them. */
const char *vae_token_special(int id);

/* ---- Making one ---- */

/* How often each token occurs. Begins as zeros. */
typedef struct vae_token_counts {
    vae_classes tokens; /* in the order in which they came */
    int64_t *counts;    /* [tokens.count] */
    int64_t room;
} vae_token_counts;

vae_status vae_token_counts_add(vae_token_counts *counts, const char *token);
void vae_token_counts_free(vae_token_counts *counts);
/* The vocabulary of the `size` most frequent (0: of all) that occur `min_count` times or more; of those that occur as
 * often, the ones that came first. VAE_ERROR_MEMORY; *vocabulary is then empty. */
vae_status vae_vocabulary_choose(const vae_token_counts *counts, int64_t size, int64_t min_count,
                                 vae_classes *vocabulary);
/* Reads one token per line, of which the first `size` are kept (0: all); those that are called as the specials are
 * these. VAE_ERROR_CONFIG if there is no such file; VAE_ERROR_FORMAT, with its line, for one that is there twice, for
 * an empty one, and for what is not one token; VAE_ERROR_MEMORY; *vocabulary is then empty. */
vae_status vae_vocabulary_read(const char *path, vae_tokens tokens, int64_t size, vae_classes *vocabulary);

/* What goes along with a checkpoint: the tokens by id, one after the other, each with its zero byte. VAE_ERROR_FORMAT
 * where they do not begin with the specials or one is there twice; `name` begins the message. */
vae_status vae_vocabulary_take(const char *name, const char *tokens, size_t bytes, vae_classes *vocabulary);

/* ---- Using it ---- */

/* The token's id; VAE_TOKEN_UNKNOWN where it has none. */
int32_t vae_vocabulary_id(const vae_classes *vocabulary, const char *token);

/* A sentence as ids, from begin to end. */
typedef struct vae_sentence {
    int32_t *ids; /* [count], owned */
    int64_t count;
    int64_t unknown; /* tokens that the vocabulary lacks */
} vae_sentence;

/* The ids of one line of text. `name` begins messages. VAE_ERROR_FORMAT for a text that is not UTF-8 (except by bytes)
 * or has several lines; VAE_ERROR_MEMORY; *sentence is then empty. An empty text is begin and end alone. Blanks at the
 * ends of a text of characters or bytes are part of it. */
vae_status vae_vocabulary_encode(const vae_classes *vocabulary, vae_tokens tokens, const char *name, const char *text,
                                 vae_sentence *sentence);
void vae_sentence_free(vae_sentence *sentence);

/* The text of ids, up to the first end and without a begin: words joined by blanks, characters and bytes by nothing. A
 * character that is not known is shown as U+FFFD. The caller frees *text. VAE_ERROR_ARGUMENT for an id out of range. */
vae_status vae_vocabulary_text(const vae_classes *vocabulary, vae_tokens tokens, const int32_t *ids, int64_t count,
                               char **text);
/* The same of ids as models of sequences have them: rows [count]. */
vae_status vae_vocabulary_spell(const vae_classes *vocabulary, vae_tokens tokens, const float *rows, int64_t count,
                                char **text);

#endif
