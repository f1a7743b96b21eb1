"""DuckDB as a helper process: the reference engine that tests compare DJ with.

A request on stdin is a little-endian u32 length and that many bytes of JSON, `{"sql": "..."}`. The answer on stdout is
one status byte (0 done, 1 failed), a little-endian u64 length, and that many bytes: an Arrow IPC stream with the rows of
the last statement, or the error's text. The end of stdin ends the process.
"""

import io
import json
import struct
import sys

import duckdb
import pyarrow as pa


def answer(connection, sql):
    """The rows of the last statement as an Arrow IPC stream; an empty table for a statement without rows."""
    relation = connection.sql(sql)
    table = relation.to_arrow_table() if relation is not None else pa.table({})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def main():
    connection = duckdb.connect()
    connection.sql("set timezone = 'UTC'")
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(header := requests.read(4)) == 4:
        (length,) = struct.unpack("<I", header)
        try:
            status, payload = 0, answer(connection, json.loads(requests.read(length))["sql"])
        except Exception as error:
            status, payload = 1, str(error).encode()
        answers.write(struct.pack("<BQ", status, len(payload)) + payload)
        answers.flush()


if __name__ == "__main__":
    main()
