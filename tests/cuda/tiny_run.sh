# What the tests of real processes on the simulated GPU share; they source it. Nothing runs until it is called.

fail() {
    echo "failed: $*" >&2
    exit 1
}

# Images of 9x7 in train.idx and test.idx.
write_data() {
    python3 - <<'END'
import math, struct
for name, count in (("train", 300), ("test", 70)):
    with open(f"{name}.idx", "wb") as file:
        file.write(struct.pack(">iiii", 0x803, count, 9, 7))
        for i in range(count):
            file.write(bytes(int(127 + 120 * math.sin(0.07 * p * (1 + i % 5) + i)) for p in range(63)))
END
}

# The last loss on the test images of a run.
test_elbo() {
    python3 - "$1/metrics.jsonl" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print([line["neg_elbo"] for line in lines if line["split"] == "test"][-1])
END
}
