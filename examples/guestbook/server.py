"""A guest book over HTTP, in a PostgreSQL database: `GET /` lists what `POST /` wrote."""

import json
import os
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import List

import psycopg2

GREETING = "Welcome to the guest book"

_TABLE = "CREATE TABLE IF NOT EXISTS guests (id serial PRIMARY KEY, name text NOT NULL)"


def names(dsn: str) -> List[str]:
    """Who is in the book, oldest first."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute("SELECT name FROM guests ORDER BY id")
        return [name for (name,) in cursor.fetchall()]


def add(dsn: str, name: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute("INSERT INTO guests (name) VALUES (%s)", (name,))


class Handler(BaseHTTPRequestHandler):
    """`/health` asks no database."""

    dsn = os.environ.get("DATABASE", "")

    def do_GET(self) -> None:
        guests = [] if self.path == "/health" else names(self.dsn)
        self._answer(200, {"greeting": GREETING, "guests": guests})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        add(self.dsn, self.rfile.read(length).decode("utf-8"))
        self._answer(201, {})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode("utf-8") + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port = int(os.environ.get("PORT", "8080"))
    ThreadingHTTPServer(("", port), Handler).serve_forever()
