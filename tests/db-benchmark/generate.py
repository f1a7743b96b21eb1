"""The tables of the db-benchmark (h2oai), by their published schema, the same ones on every machine.

    generate.py FOLDER [--rows 1000000] [--groups 100] [--nulls 0]

Writes `x.parquet` for the questions about groups (G1_1e6_1e2_NULLS_0), and for those about joins
`left.parquet` (J1_1e6_NA_NULLS_0) with `small.parquet`, `medium.parquet` and `big.parquet`, which
have a millionth, a thousandth and all of the rows.
"""

import argparse
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def numbers(chance, most, rows):
    """Whole numbers from 1 to `most`."""
    return chance.choices(range(1, most + 1), k=rows)


def fractions(chance, rows):
    """Numbers between 0 and 100 with six digits behind the dot."""
    return [round(100 * chance.random(), 6) for _ in range(rows)]


def key(chance, values, nulls, form=None):
    """A column of keys; of a share of the values all rows are null. With a form the keys are texts."""
    unique = sorted(set(values))
    names = {value: form % value if form else value for value in unique}
    names |= dict.fromkeys(chance.sample(unique, int(len(unique) * nulls)))
    return pa.array(map(names.get, values), pa.string() if form else pa.int32())


def measure(chance, values, nulls, kind):
    """A column of numbers; a share of the rows is null."""
    values = list(values)
    for row in chance.sample(range(len(values)), int(len(values) * nulls)):
        values[row] = None
    return pa.array(values, kind)


def grouped(chance, rows, groups, nulls):
    """The table of the questions about groups: keys of few and of many values, and three numbers."""
    sizes = {"id1": groups, "id2": groups, "id3": rows // groups, "id4": groups, "id5": groups, "id6": rows // groups}
    forms = {"id1": "id%03d", "id2": "id%03d", "id3": "id%010d"}
    columns = {name: key(chance, numbers(chance, most, rows), nulls, forms.get(name)) for name, most in sizes.items()}
    columns["v1"] = measure(chance, numbers(chance, 5, rows), nulls, pa.int32())
    columns["v2"] = measure(chance, numbers(chance, 15, rows), nulls, pa.int32())
    columns["v3"] = measure(chance, fractions(chance, rows), nulls, pa.float64())
    return pa.table(columns)


class Keys:
    """The values of a key: most of them are in both tables, a tenth in the left or in the right one only."""

    def __init__(self, chance, count):
        values = list(range(1, count + count // 10 + 1))
        chance.shuffle(values)
        common = count - count // 10
        self.left = values[:count]
        self.right = values[:common] + values[count:]


def spread(chance, values, rows):
    """Each value at least once and others by chance, in an order by chance."""
    column = values + chance.choices(values, k=rows - len(values))
    chance.shuffle(column)
    return column


def joined(chance, rows, nulls):
    """The left table of the questions about joins, and the three right ones."""
    sizes = {"small": max(rows // 1_000_000, 1), "medium": max(rows // 1000, 1), "big": rows}
    keys = [Keys(chance, count) for count in sizes.values()]

    def table(count, sides, value):
        columns = [spread(chance, side, count) for side in sides]
        named = {f"id{n}": key(chance, column, nulls) for n, column in enumerate(columns, 1)}
        named |= {f"id{n}": key(chance, column, nulls, "id%d") for n, column in enumerate(columns, 4)}
        return pa.table({**named, value: measure(chance, fractions(chance, count), nulls, pa.float64())})

    small, medium, big = sizes.values()
    return {
        "left": table(rows, [k.left for k in keys], "v1"),
        "small": table(small, [keys[0].right], "v2"),
        "medium": table(medium, [keys[0].left, keys[1].right], "v2"),
        "big": table(big, [keys[0].left, keys[1].left, keys[2].right], "v2"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=100, help="how many values a key with few values has")
    parser.add_argument("--nulls", type=float, default=0, help="percent of the values that are null")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(108)
    tables = {"x": grouped(chance, given.rows, given.groups, given.nulls / 100)}
    tables |= joined(chance, given.rows, given.nulls / 100)
    for name, table in tables.items():
        pq.write_table(table, given.folder / f"{name}.parquet")


if __name__ == "__main__":
    main()
