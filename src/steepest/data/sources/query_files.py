"""Query files: the files that a query names, read with types that hold every value, as a file by itself is."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from steepest.data.sources.connection import connect, quoted
from steepest.data.sources.file_types import file_columns, typed
from steepest.data.sources.header import check_header
from steepest.data.sources.locate import ENDINGS, PACKED, Files, TextOptions, literal, locate
from steepest.data.sources.reader_errors import telling_errors
from steepest.data.sources.relations import DuckDBRelation, files_relation
from steepest.data.sources.roles import Roles
from steepest.errors import DataError

NAMED = tuple(ending + packed for ending in ENDINGS for packed in PACKED)
READERS = re.compile(r"(read_(csv|json|ndjson)(_auto)?|read_parquet|parquet_scan)")
INDIRECT = ("query", "query_table")
SAID = {"sample_size", "columns", "types", "dtypes", "all_varchar", "auto_detect"}  # whoever gives one says the types


def typed_query(sql: str, text: TextOptions) -> tuple[str, tuple[str, ...], tuple[DuckDBRelation, ...]]:
    """Return a query whose files are read with types that hold all their values, what was left out of them, and its text files.

    DuckDB takes a text file's types from its first 20,480 lines, and a folder's from its first part, and rounds what does
    not fit. A query that is no SELECT is left as it is.

    Args:
        sql: one statement.
        text: how text files are written.

    Raises:
        DataError: a file cannot be used.
    """
    with telling_errors("the query"), connect() as connection:
        (tree,) = connection.execute("SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", [sql]).fetchone()
        parsed = json.loads(tree)
        graft = _Graft(connection, text)
        for node in () if parsed["error"] else list(_tables(parsed)):
            graft.replace(node)
        if not graft.changed:
            return sql, (), ()
        (sql,) = connection.execute("SELECT json_deserialize_sql(?::VARCHAR)", [json.dumps(parsed)]).fetchone()
    return sql, tuple(dict.fromkeys(graft.notes)), tuple(graft.texts)


@dataclass
class _Graft:
    """Puts readers of its own into the place of a query's.

    Args:
        connection: DuckDB's.
        text: how text files are written.
    """

    connection: Any
    text: TextOptions
    notes: list[str] = field(default_factory=list)
    texts: list[DuckDBRelation] = field(default_factory=list)
    changed: bool = False

    def replace(self, node: dict[str, Any]) -> None:
        """Change a node of the query that reads files."""
        reader = node.get("function", {}).get("function_name", "")
        arguments = _arguments(node)
        if reader in INDIRECT:
            raise DataError(
                f"the query reads by {reader}(…), whose files would be read with types that may round their numbers.",
                "name the files in the query itself",
            )
        if reader and not READERS.fullmatch(reader):
            return
        pattern = _constant(arguments[0]) if len(arguments) == 1 else node.get("table_name")
        if pattern is not None and not re.match(r"\w+://", pattern):
            self._put(node, self._clause(pattern), Path(pattern).name.partition(".")[0])
        elif reader:
            self._amend(node, reader)

    def _put(self, node: dict[str, Any], clause: str, name: str) -> None:
        """Read by a clause what the node reads, under the name that it has in the query."""
        (made,) = self._table_nodes(f"SELECT * FROM {clause}")
        made["alias"] = node["alias"] or name
        made["column_name_alias"], made["sample"] = node["column_name_alias"], node["sample"]
        node.clear()
        node.update(made)
        self.changed = True

    def _amend(self, node: dict[str, Any], reader: str) -> None:
        """Let a reader of several names, or with options of its own, decide on types that hold all values."""
        left = (_expression(argument).get("left", {}) for argument in _arguments(node))
        given = {option.get("column_names", [""])[0].lower() for option in left}
        # folders above the files are no columns, nor do they replace one, where nobody has asked for it
        more = [] if any(option.startswith("hive_") for option in given) else ["hive_partitioning=false"]
        if "parquet" in reader:
            more += ["union_by_name=true"] if not {"union_by_name", "schema"} & given and self._differ(node) else []
        else:
            more += [] if SAID & given else ["sample_size=-1"]
        more += ["comment=''"] if "csv" in reader and not {"comment", "auto_detect"} & given else []
        if more:
            (made,) = self._table_nodes(f"SELECT * FROM {reader}('x', {', '.join(more)})")
            _arguments(node).extend(_arguments(made)[1:])
            self.changed = True

    def _differ(self, node: dict[str, Any]) -> bool:
        """Whether a reader's Parquet files have different types, for which there is one that holds all values."""
        tree = self._tree("SELECT DISTINCT file_name FROM parquet_schema('x') ORDER BY file_name")
        (schema,) = _tables(tree)
        _arguments(schema)[:] = _arguments(node)[:1]
        (sql,) = self.connection.execute("SELECT json_deserialize_sql(?::VARCHAR)", [json.dumps(tree)]).fetchone()
        paths = tuple(Path(row[0]) for row in self.connection.execute(sql).fetchall())
        files = Files(paths, "parquet", "", (), self.text)
        return len(paths) > 1 and typed(files, files_relation(files, "the query").columns())[0].united

    def _clause(self, pattern: str) -> str:
        """What reads the files of a name or a pattern."""
        files = replace(locate(pattern, self.text), missing=("",))
        relation = files_relation(files, pattern)
        skip, notes = check_header(files, relation.columns(), Roles((), ()))  # the query says what it uses
        self.notes += notes
        files = replace(files, skip=skip)
        if files.kind == "csv":
            files = replace(files, types=_types_of_all(files, pattern))
            self.texts.append(files_relation(files, pattern))
        else:
            files, _ = typed(files, relation.columns())
        (paths,) = files.parameters
        return files.clause.replace("?", f"[{', '.join(map(literal, paths))}]", 1)

    def _table_nodes(self, sql: str) -> list[dict[str, Any]]:
        return list(_tables(self._tree(sql)))

    def _tree(self, sql: str) -> Any:
        (tree,) = self.connection.execute("SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", [sql]).fetchone()
        return json.loads(tree)


def _types_of_all(files: Files, label: str) -> dict[str, str]:
    """The types of a text file's columns as all lines have them; what is written in base 16 or 2 is text."""
    whole = replace(files_relation(files, label), clause=files.whole or files.clause)
    types = whole.columns()
    names = [name for name, kind in types.items() if kind.startswith(("BIGINT", "HUGEINT"))]
    if names:
        written = DuckDBRelation(label, files.written or "", files.parameters)
        (based,) = written.query(
            ", ".join(f"bool_or(regexp_matches({quoted(name)}, '^\\s*[+-]?0[xXbB]'))" for name in names)
        )
        types |= {name: "VARCHAR" for name, found in zip(names, based, strict=True) if found}
    return file_columns(files, types)


def _tables(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a query that are files: by name, or by a reader's function."""
    if isinstance(tree, dict):
        named = tree.get("type") == "BASE_TABLE" and str(tree.get("table_name", "")).lower().endswith(NAMED)
        if named or tree.get("type") == "TABLE_FUNCTION":
            yield tree
        tree = list(tree.values())
    for part in tree if isinstance(tree, list) else ():
        yield from _tables(part)


def _arguments(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments of a reader; they are called children before DuckDB 2."""
    function = node.get("function", {})
    found: list[dict[str, Any]] = function.get("arguments") or function.get("children") or []
    return found


def _expression(argument: dict[str, Any]) -> dict[str, Any]:
    """What an argument is; before DuckDB 2 it stands there by itself."""
    found: dict[str, Any] = argument.get("expression", argument)
    return found


def _constant(argument: dict[str, Any]) -> str | None:
    """The text that an argument is, or None."""
    expression = _expression(argument)
    value = expression.get("literal", {}).get("text", (expression.get("value") or {}).get("value"))
    return value if expression.get("class") == "CONSTANT" and isinstance(value, str) else None
