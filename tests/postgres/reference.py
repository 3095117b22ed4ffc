#!/usr/bin/env python3
"""Asks a real PostgreSQL for the results that expressions are held to.

Reads cases.txt beside this file, runs every case on a private cluster in a temporary folder, and writes
core/tests/data/postgres.jsonl, which is checked in: the tests need no PostgreSQL. Run it as root or as the user
`postgres`; Debian's package is installed where it is missing.

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
OUT = HERE.parent.parent / "core" / "tests" / "data" / "postgres.jsonl"

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


def read_cases(text):
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
                    name, kind, value = read_column(column, number)
                    case["with"][name] = [kind, value]
        yield case


def read_column(column, line):
    """`name type value`; the value is the rest of the line, NULL is null."""
    name, rest = column.split(" ", 1)
    for kind in ("double precision", "bigint", "boolean", "text", "bytea", "timestamp", "interval"):
        if rest == kind or rest.startswith(kind + " "):
            value = rest[len(kind) + 1:]
            return name, kind, None if value == "NULL" else value
    if rest.startswith("numeric("):
        kind, value = rest.split(" ", 1)
        return name, kind, None if value == "NULL" else value
    raise SystemExit(f"cases.txt:{line}: no type in {column!r}")


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def query(case):
    columns = ", ".join(f"CAST({quoted(value)} AS {kind}) AS {name}" for name, (kind, value) in case["with"].items())
    # OFFSET 0 keeps the planner from computing the case before it runs.
    source = f" FROM (SELECT {columns} OFFSET 0) AS t" if columns else ""
    value = case.get("as", case["expr"])
    shown = "CASE WHEN pg_typeof(v)::text LIKE '%[]' THEN to_json(v)::text ELSE v::text END"
    return f"SELECT {shown}, pg_typeof(v)::text FROM (SELECT ({value}) AS v{source}) AS s"


def ensure_installed():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        subprocess.run(["apt-get", "install", "-y", "postgresql"], check=True)
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent


def run(cases):
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
            script = ATTEMPT + "".join(f"SELECT attempt({quoted(query(case))});\n" for case in cases)
            psql = call("psql", "-h", folder, "-U", "postgres", "-X", "-q", "-A", "-t", input=script.encode(), capture_output=True)
        finally:
            call("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop", **quiet)
    finally:
        shutil.rmtree(folder)
    answers = [json.loads(line) for line in psql.stdout.decode().splitlines() if line]
    if len(answers) != len(cases):
        raise SystemExit(f"{len(cases)} cases, {len(answers)} answers:\n{psql.stderr.decode()}")
    return answers


def main():
    cases = list(read_cases((HERE / "cases.txt").read_text()))
    lines = []
    for case, answer in zip(cases, run(cases)):
        known = {key: case[key] for key in ("section", "expr") } | ({"with": case["with"]} if case["with"] else {})
        differs = {"differs": case["differs"]} if "differs" in case else {}
        lines.append(json.dumps(known | answer | differs, ensure_ascii=False))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n")
    errors = sum("error" in json.loads(line) for line in lines)
    print(f"{len(lines)} cases, {errors} of them errors, written to {OUT}")


if __name__ == "__main__":
    main()
