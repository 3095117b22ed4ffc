#!/usr/bin/env python3
"""Asks a real PostgreSQL for the results that expressions and aggregates are held to.

Reads cases.txt and aggregates.txt beside this file, runs every case on a private cluster in a temporary folder, and
writes core/tests/data/postgres.jsonl and postgres-aggregates.jsonl, which are checked in: the tests need no PostgreSQL.
Run it as root or as the user `postgres`; Debian's package is installed where it is missing.

    python3 tests/postgres/reference.py
"""

import glob
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent / "core" / "tests" / "data"

ATTEMPT = """
CREATE FUNCTION attempt(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE result text; kind text;
BEGIN
    EXECUTE query INTO result, kind;
    RETURN json_build_object('result', result, 'type', kind);
EXCEPTION WHEN OTHERS THEN
    RETURN json_build_object('error', SQLERRM);
END $$;
SET TIME ZONE 'UTC';
SET client_min_messages = error;
"""


def read_cases(text, is_aggregate):
    """Lines `EXPRESSION ;; name type value, … ;; as EXPRESSION ;; differs REASON`, below `[section]`."""
    section = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        expr, *notes = [part.strip() for part in line.split(";;")]
        case = {"section": section, "expr": expr, "with": {}}
        for note in notes:
            if note.startswith("as "):
                case["as"] = note[3:]
            elif note.startswith("differs "):
                case["differs"] = note[8:]
            else:
                for column in note.split(" & "):
                    name, kind, value = read_column(column, number, is_aggregate)
                    case["with"][name] = [kind, value]
        yield case


def read_column(column, line, is_aggregate):
    """`name type value`; the value is the rest of the line, NULL is null. In aggregates.txt `name type value | value`,
    a value per record; nothing behind the type is no record."""
    name, rest = column.split(" ", 1)
    read = (lambda text: [read_value(value) for value in text.split(" | ")] if text else []) if is_aggregate else read_value
    for kind in ("double precision", "bigint", "boolean", "text", "bytea", "timestamp", "interval"):
        if rest == kind or rest.startswith(kind + " "):
            return name, kind, read(rest[len(kind) + 1:])
    if rest.startswith("numeric("):
        kind, _, value = rest.partition(" ")
        return name, kind, read(value)
    raise SystemExit(f"line {line}: no type in {column!r}")


def read_value(text):
    return None if text == "NULL" else text


SHOWN = "CASE WHEN pg_typeof(v)::text LIKE '%[]' THEN to_json(v)::text ELSE v::text END"


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def query(case):
    columns = ", ".join(f"CAST({quoted(value)} AS {kind}) AS {name}" for name, (kind, value) in case["with"].items())
    # OFFSET 0 keeps the planner from computing the case before it runs.
    source = f" FROM (SELECT {columns} OFFSET 0) AS t" if columns else ""
    value = case.get("as", case["expr"])
    return f"SELECT {SHOWN}, pg_typeof(v)::text FROM (SELECT ({value}) AS v{source}) AS s"


def aggregate_query(case):
    """An aggregate of the rows of t; a case whose `as` is a whole query reads t itself."""
    columns = case["with"].items()
    rows = zip(*(values for _, (_, values) in columns))
    casts = [", ".join(f"CAST({quoted(value)} AS {kind})" for value, (_, (kind, _)) in zip(row, columns)) for row in rows]
    names = ", ".join(name for name, _ in columns)
    nothing = ", ".join(f"CAST(NULL AS {kind})" for _, (kind, _) in columns)
    source = "VALUES " + ", ".join(f"({row})" for row in casts) if casts else f"SELECT {nothing} WHERE false"
    value = case.get("as", case["expr"])
    value = value if value.startswith("SELECT ") else f"SELECT {value} FROM t"
    return f"WITH t({names}) AS ({source}) SELECT {SHOWN}, pg_typeof(v)::text FROM ({value}) AS s(v)"


def ensure_installed():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        subprocess.run(["apt-get", "install", "-y", "postgresql"], check=True)
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent


def run(queries):
    binaries = ensure_installed()
    folder = tempfile.mkdtemp(prefix="reference-")
    as_user = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": folder}
    data = folder + "/data"

    def call(*command, **options):
        return subprocess.run([str(binaries / command[0]), *command[1:]], check=True, **as_user, **options)

    quiet = {"stdout": subprocess.DEVNULL}
    try:
        call("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", **quiet)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", data, "-w", "-o", options, "-l", folder + "/log", "start", **quiet)
        try:
            script = ATTEMPT + "".join(f"SELECT attempt({quoted(query)});\n" for query in queries)
            psql = call("psql", "-h", folder, "-U", "postgres", "-X", "-q", "-A", "-t", input=script.encode(), capture_output=True)
        finally:
            call("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop", **quiet)
    finally:
        shutil.rmtree(folder)
    answers = [json.loads(line) for line in psql.stdout.decode().splitlines() if line]
    if len(answers) != len(queries):
        raise SystemExit(f"{len(queries)} cases, {len(answers)} answers:\n{psql.stderr.decode()}")
    return answers


def write(name, out, is_aggregate):
    cases = list(read_cases((HERE / name).read_text(), is_aggregate))
    lines = []
    for case, answer in zip(cases, run([(aggregate_query if is_aggregate else query)(case) for case in cases])):
        known = {key: case[key] for key in ("section", "expr") } | ({"with": case["with"]} if case["with"] else {})
        differs = {"differs": case["differs"]} if "differs" in case else {}
        lines.append(json.dumps(known | answer | differs, ensure_ascii=False))
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / out).write_text("\n".join(lines) + "\n")
    errors = sum("error" in json.loads(line) for line in lines)
    print(f"{len(lines)} cases, {errors} of them errors, written to {DATA / out}")


def main():
    write("cases.txt", "postgres.jsonl", is_aggregate=False)
    write("aggregates.txt", "postgres-aggregates.jsonl", is_aggregate=True)


if __name__ == "__main__":
    main()
