/* The edit distance in which swapped neighbours count once, and the candidate nearest by it. */
#include "core/nearest.h"

#include <string.h>

enum { LONGEST = 63 };

static int smallest(int a, int b, int c)
{
    const int least = a < b ? a : b;
    return least < c ? least : c;
}

int vae_edit_distance(const char *a, const char *b)
{
    const size_t m = strnlen(a, LONGEST), n = strnlen(b, LONGEST);
    int distance[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= m; ++i)
        distance[i][0] = (int)i;
    for (size_t j = 0; j <= n; ++j)
        distance[0][j] = (int)j;
    for (size_t i = 1; i <= m; ++i) {
        for (size_t j = 1; j <= n; ++j) {
            const int change = a[i - 1] != b[j - 1];
            distance[i][j] = smallest(distance[i - 1][j] + 1, distance[i][j - 1] + 1, distance[i - 1][j - 1] + change);
            const int swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && distance[i - 2][j - 2] + 1 < distance[i][j]) distance[i][j] = distance[i - 2][j - 2] + 1;
        }
    }
    return distance[m][n];
}

int vae_nearest(const char *name, const char *const *candidates, int count)
{
    int best = -1, best_distance = 1 + (int)strnlen(name, LONGEST) / 2;
    for (int i = 0; i < count; ++i) {
        const int distance = vae_edit_distance(name, candidates[i]);
        if (distance >= best_distance) continue;
        best = i;
        best_distance = distance;
    }
    return best;
}
