# Makes sentences of the data files of WordNet, one definition per line, without its examples: lower case, punctuation apart.
# awk -v folder=OUT -f scripts/wordnet_to_text.awk data.noun data.verb data.adj data.adv writes OUT/train.txt,
# OUT/validation.txt and OUT/test.txt, every fortieth line in each of the latter.
/^  / { next }                          # the licence
{
    at = index($0, " | ")
    gloss = substr($0, at + 3)
    at = index(gloss, "\"")            # an example begins
    if (at > 0) gloss = substr(gloss, 1, at - 1)
    gloss = tolower(gloss)
    gsub(/[();:,]/, " & ", gloss)
    gsub(/[ ;:,]+$/, "", gloss)
    gsub(/ +/, " ", gloss)
    sub(/^ /, "", gloss)
    words = split(gloss, word, " ")
    if (words < 3 || words > 60) next
    part = NR % 40 == 0 ? "test" : NR % 40 == 20 ? "validation" : "train"
    print gloss > (folder "/" part ".txt")
}
