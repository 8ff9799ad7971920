"""Reads rows, inputs, measures and results of a rubric into a graph, reporting every problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, get_args

from vendorrisk.conditions import RESERVED, STATES, Condition, State, holds, parse, read_number
from vendorrisk.document import (
    Fields,
    Place,
    Record,
    Report,
    Text,
    did_you_mean,
    is_null,
    place_of,
)
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring.analysis import Draft, analyse
from vendorrisk.scoring.formula import FUNCTIONS, Expression, Number, parse_formula
from vendorrisk.scoring.graph import (
    Bands,
    Case,
    Cases,
    Constant,
    Context,
    Edge,
    Fold,
    FoldKind,
    Formula,
    Graph,
    Input,
    Map,
    Node,
    Rounding,
    Rows,
    answers_of,
)

Tables = Callable[[str], Sequence[Record] | None]
"""Gives the rows of a table beside the rubric by its file name, each a record of column → Text
in file order (all with the same columns); None, with the problem reported, if there is none."""

MOST_ROWS = 10_000
MOST_MEASURES = 2_000
FOLDS: tuple[str, ...] = get_args(FoldKind)
KINDS = ("formula", "map", "cases", "bands", *FOLDS)
_DOWN_CONDITIONS = ("count", "any", "all", "ladder")
_MEASURE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_\-]+)*", re.ASCII)


def constant(text: str) -> Constant:
    """What a scalar of a rubric says: a state's word, an exact number, or a label."""
    if text in STATES:
        return STATES[text]
    number = read_number(text)
    return str(text) if number is None else number


def read_graph(
    fields: Fields, tables: Tables, questionnaire: Questionnaire | None, report: Report
) -> Graph | None:
    """The graph that the keys rows, inputs, measures and results describe; None with problems."""
    before = len(report.errors)
    reader = _Reader(tables, questionnaire, report)
    reader.rows(fields)
    reader.rows_are_wrong = len(report.errors) > before
    reader.declared(fields)
    reader.taken_over()
    for name, data in fields.mapping("measures", required=True).items():
        reader.measure(name, data)
    results = reader.results(fields)
    if len(report.errors) > before:
        # Names that could not be read would only be reported again as unknown.
        return None
    return analyse(reader.draft(), results, questionnaire, report)


class _Reader:
    def __init__(self, tables: Tables, questionnaire: Questionnaire | None, report: Report) -> None:
        self.tables, self.questionnaire, self.report = tables, questionnaire, report
        self.table_rows = Rows()
        self.rows_are_wrong = False
        self.rows_at: Place | None = None
        self.inputs: dict[str, Input] = {}
        self.nodes: dict[str, Node] = {}
        self.measures_read = 0
        self.says: dict[str, str] = {}

    def draft(self) -> Draft:
        return Draft(self.table_rows, self.inputs, self.nodes, self.says, self.rows_at)

    # -- rows -----------------------------------------------------------------------------------

    def rows(self, top: Fields) -> None:
        """Rows come from a table or a list; columns may be derived, rows left out."""
        if "rows" not in top.record:
            return
        key = top.key("rows")
        fields = Fields(top.raw("rows"), self.report, "`rows`", at=key)
        name = fields.optional("from")
        listed = fields.items("list")
        id_column = str(fields.optional("id") or "id")
        answers, code = fields.optional("answers"), fields.optional("code")
        only = fields.raw("only")
        derived = fields.mapping("columns")
        fields.done()
        self.rows_at = place_of(name) or place_of(key)
        if (name is None) == (not listed):
            self.report.error(
                "rows", key, "`rows` needs either `from:` (a table's file name) or `list:`."
            )
            return
        records = self.tables(name) if name is not None else self._listed(listed, id_column)
        if records is None:
            return
        if not records:
            self.report.error("rows", name or key, "there are no rows.")
            return
        if len(records) > MOST_ROWS:
            self.report.error(
                "table-too-long",
                name or key,
                f"there are {len(records)} rows; a rubric takes at most {MOST_ROWS}.",
            )
            return
        contexts = self._contexts(records, id_column, key)
        for column, how in derived.items():
            self._derive(contexts, column, how)
        every, contexts = contexts, self._only(contexts, only)
        if not contexts:
            if not self.report.errors:
                self.report.error("rows", only or key, "`only` leaves no rows.")
            return
        columns = tuple(contexts[0])
        unknown = [name for name in (answers, code) if name is not None and name not in columns]
        for column in unknown:
            self.report.error(
                "unknown-name",
                column,
                f"there is no column `{column}`." + did_you_mean(column, columns),
            )
        if unknown:
            return
        asked = answers or "id"
        questions = {str(row["id"]): str(row[asked]) for row in contexts}
        numeric = frozenset(
            column
            for column in columns
            if column != "id"
            and any(isinstance(row[column], str) for row in contexts)
            and all(
                isinstance(value := row[column], State) or read_number(value) is not None
                for row in contexts
            )
        )
        self.table_rows = Rows(
            contexts=tuple(contexts),
            columns=columns,
            numeric=numeric,
            questions=questions,
            codes={} if code is None else self._codes(contexts, code, questions),
            left_out=frozenset(str(row[asked]) for row in every) - {*questions.values()},
        )

    def _codes(
        self, contexts: Sequence[Context], column: Text, questions: Mapping[str, str]
    ) -> dict[str, str]:
        codes: dict[str, str] = {}
        for row in contexts:
            code, question = row[column], questions[str(row["id"])]
            if isinstance(code, State) or code == question:
                continue
            if code in questions.values() or codes.setdefault(code, question) != question:
                self.report.error("duplicate", column, f"two rows are called `{code}`.")
        return codes

    def _listed(self, listed: Sequence[Any], id_column: str) -> list[Record] | None:
        records = []
        for item in listed:
            if isinstance(item, str):
                record = Record({Text(id_column): item})
                record.place = place_of(item)
                records.append(record)
            elif isinstance(item, Mapping) and all(isinstance(v, str) for v in item.values()):
                records.append(item if isinstance(item, Record) else Record(item))
            else:
                self.report.error("rows", item, "a row is a mapping of columns to single values.")
                return None
        return records

    def _contexts(
        self, records: Sequence[Record], id_column: str, key: object
    ) -> list[dict[str, str | State]]:
        columns = list(dict.fromkeys(str(c) for record in records for c in record))
        if id_column not in columns:
            self.report.error(
                "unknown-name",
                key,
                f"no column is called `{id_column}`; say which one names a row with `id:`."
                + did_you_mean(id_column, columns),
            )
            return []
        if "id" in columns and id_column != "id":
            self.report.error("rows", key, "another column is called `id`: rename one of the two.")
            return []
        contexts: list[dict[str, str | State]] = []
        seen: set[str] = set()
        for record in records:
            row: dict[str, str | State] = {}
            for column in columns:
                text = str(record.get(column, "")).strip()
                name = "id" if column == id_column else column
                row[name] = text if text else State.NOT_APPLICABLE
            identity = row["id"]
            at = place_of(record) or place_of(record.get(id_column)) or place_of(key)
            if isinstance(identity, State):
                self.report.error("rows", at, f"a row has no `{id_column}`.")
            elif identity in seen:
                self.report.error("duplicate", at, f"two rows are called `{identity}`.")
            else:
                seen.add(identity)
                contexts.append(row)
        return contexts

    def _derive(self, contexts: list[dict[str, str | State]], column: str, how: object) -> None:
        fields = Fields(how, self.report, f"the column `{column}`", at=column)
        of, before = fields.optional("of"), fields.optional("before")
        mapped, to = fields.optional("map"), fields.mapping("to")
        otherwise = fields.optional("else")
        fields.done()
        source = of or mapped
        if source is None or (of is None) == (mapped is None) or (of and before is None):
            self.report.error(
                "rows",
                column,
                f"the column `{column}` is either {{of: column, before: text}} "
                "or {map: column, to: {…}, else: …}.",
            )
            return
        if not contexts or source not in contexts[0]:
            known = contexts[0] if contexts else ()
            self.report.error(
                "unknown-name",
                source,
                f"there is no column `{source}`." + did_you_mean(source, known),
            )
            return
        if column in contexts[0]:
            self.report.error("two-meanings", column, f"the column `{column}` exists already.")
            return
        missing: dict[str, None] = {}
        for row in contexts:
            value = row[source]
            if isinstance(value, State):
                row[str(column)] = value
            elif of is not None:
                row[str(column)] = value.split(str(before))[0] or State.NOT_APPLICABLE
            elif isinstance(found := to.get(value), str):
                row[str(column)] = str(found)
            else:
                row[str(column)] = str(otherwise) if otherwise is not None else ""
                if otherwise is None:
                    missing[value] = None
        if missing:
            self.report.error(
                "map-incomplete",
                column,
                f"the column `{column}` has nothing for {_some(list(missing))}; "
                "add entries or an `else`.",
            )

    def _only(
        self, contexts: list[dict[str, str | State]], data: object
    ) -> list[dict[str, str | State]]:
        if data is None or not contexts:
            return contexts
        condition = parse(data, self.report)
        if condition is None:
            return contexts
        try:
            return [row for row in contexts if holds(condition, row.__getitem__)]
        except KeyError as unknown:
            self.report.error(
                "unknown-name",
                data,
                f"`only` names {unknown}, which is no column."
                + did_you_mean(str(unknown.args[0]), contexts[0]),
            )
            return contexts

    # -- inputs ---------------------------------------------------------------------------------

    def declared(self, top: Fields) -> None:
        """The inputs that the rubric declares itself."""
        for name, data in top.mapping("inputs").items():
            if self._name_is_free(name, "input"):
                self.inputs[name] = self._input(name, data)  # the name knows its line

    def _input(self, name: str, data: object) -> Input:
        fields = Fields(data, self.report, f"the input `{name}`", at=name)
        source = fields.word("from", ("answers", "facts", "review", "levels"))
        per_row = fields.raw("per") is not None and fields.word("per", ("row",)) == "row"
        choices = tuple(str(choice) for choice in fields.texts("choices"))
        number, low, high = self._number(fields)
        declared = Input(
            name=str(name),
            source=source,  # type: ignore[arg-type]
            per_row=per_row,
            choices=choices,
            number=number,
            at_least=low,
            at_most=high,
            any_number=fields.flag("any_number", False),
            many=fields.flag("many", False),
            day=fields.flag("day", False),
            ignore_case=fields.flag("ignore_case", False),
            listed_in=_text(fields.optional("listed_in")),
            of=_text(fields.optional("of")),
            mark=_text(fields.optional("mark")),
            choice_in=_text(fields.optional("choice_in")),
            default=_constant(fields.optional("default")),
        )
        fields.done()
        problem = self._input_problem(declared)
        if problem:
            self.report.error("input", name, f"the input `{name}` {problem}")
        if declared.listed_in is not None:
            return Input(**{**_as_dict(declared), "choices": ("listed", "not_listed")})
        if declared.choice_in is not None and not declared.choices:
            self.report.error("input", name, f"the input `{name}` needs its levels as `choices`.")
        return declared

    def _input_problem(self, found: Input) -> str:
        words = [word for word in found.choices if word in RESERVED and word != "not_applicable"]
        if len(set(found.choices)) < len(found.choices):
            return "has a choice twice."
        if words:
            return (
                f"cannot have the choice `{words[0]}`, which means something of its own here; use "
                "another word, and say in a measure what it comes to."
            )
        if found.number and any(
            read_number(choice) is None for choice in found.choices if choice not in STATES
        ):
            return "is a number, so each of its choices must be one."
        if not (found.choices or found.number or found.day or found.listed_in is not None) and not (
            self.questionnaire is not None and found.source == "answers" and found.per_row
        ):
            return "needs `choices`, `number`, `day` or `listed_in`."
        if found.listed_in is not None and not (found.per_row and found.source == "facts"):
            return "uses `listed_in`, which needs `from: facts` and `per: row`."
        if found.per_row and found.source == "facts" and found.listed_in is None:
            return (
                "cannot be read for each row: a fact is one value. What is known of each row goes "
                "into a column; or say `listed_in:` a fact that lists rows."
            )
        if found.per_row and found.source == "answers":
            other = next((i for i in self.inputs.values() if _reads_rows(i)), None)
            if other is not None:
                return (
                    f"reads the same answers as `{other.name}`: a row has one answer. Put what "
                    "else is asked into rows of its own, and read those with `over`."
                )
        if (found.source == "levels") != (found.choice_in is not None):
            return "reads levels: `from: levels` and `choice_in` (a column) go together."
        if found.of is not None and found.per_row:
            return "is read for each row, so it cannot also be `of` one question."
        if found.mark is not None and found.source != "review":
            return "has a `mark`, which only `from: review` knows."
        if found.source == "review" and not found.per_row and found.of is None:
            return (
                "needs `per: row` or `of:` a question: a review marks questions. What is said of "
                "the whole is an answer or a fact."
            )
        if self.rows_are_wrong:
            return ""  # whatever else is said of rows would only follow from that
        if found.per_row and not self.table_rows.contexts:
            return "is read for each row, but the rubric has no rows."
        if found.choice_in is not None and found.choice_in not in self.table_rows.columns:
            return f"names the column `{found.choice_in}`, which does not exist."
        if isinstance(found.default, (Fraction, str)) and not found.accepts(
            found.default if found.number or isinstance(found.default, str) else str(found.default)
        ):
            return f"cannot default to `{found.default}`: {found.takes()}."
        return ""

    def _number(self, fields: Fields) -> tuple[bool, Fraction | None, Fraction | None]:
        data = fields.raw("number")
        if data is None:
            return False, None, None
        if isinstance(data, str):
            return fields.flag("number", False), None, None
        inner = Fields(data, self.report, "`number`", at=fields.key("number"))
        low, high = (self._exact(inner.optional(key)) for key in ("at_least", "at_most"))
        inner.done()
        if low is not None and high is not None and low > high:
            self.report.error("input", fields.key("number"), "`at_least` is above `at_most`.")
        return True, low, high

    def _exact(self, text: Text | None) -> Fraction | None:
        if text is None:
            return None
        number = read_number(text)
        if number is None:
            self.report.error("not-a-number", text, f"`{text}` is not a number.")
        return number

    def taken_over(self) -> None:
        """What needs no declaration: the questionnaire's questions and facts, and rows by id."""
        for question in questions_of(self.questionnaire):
            self.inputs.setdefault(question.id, input_of(question))
        for fact in self.questionnaire.facts if self.questionnaire else ():
            self.inputs.setdefault(
                fact.id,
                Input(fact.id, "facts", choices=fact.choices, many=fact.many, declared=False),
            )
        row_answers = next(
            (i for i in self.inputs.values() if i.per_row and i.source == "answers"), None
        )
        if row_answers is None:
            return
        for identity, asked in self.table_rows.questions.items():
            if identity not in self.inputs and identity not in self.table_rows.columns:
                self.inputs[identity] = self.inputs.get(asked) or Input(
                    **{
                        **_as_dict(row_answers),
                        "name": identity,
                        "per_row": False,
                        "of": asked,
                        "declared": False,
                    }
                )

    def _name_is_free(self, name: str, what: str) -> bool:
        taken = (
            "a word with a meaning of its own"
            if name in RESERVED or name in FUNCTIONS or name == "else"
            else "a column"
            if name in self.table_rows.columns
            else "a question or a fact"
            if what == "measure" and name in self.inputs
            else ""
        )
        if taken:
            self.report.error(
                "two-meanings", name, f"`{name}` is already {taken}; call the {what} otherwise."
            )
        return not taken

    # -- measures -------------------------------------------------------------------------------

    def measure(self, name: str, data: object) -> None:
        """Read one measure; a bare text is a formula."""
        if not _MEASURE.fullmatch(name):
            self.report.error(
                "bad-id", name, f"`{name}` is no name for a measure: use letters, digits and _."
            )
            return
        if not self._name_is_free(name, "measure"):
            return
        self.measures_read += 1
        if self.measures_read > MOST_MEASURES:
            if self.measures_read == MOST_MEASURES + 1:
                self.report.error(
                    "too-many", name, f"a rubric has at most {MOST_MEASURES} measures."
                )
            return
        if isinstance(data, str):
            data = Record({Text("formula", place_of(data)): data})
        fields = Fields(data, self.report, f"the measure `{name}`", at=name)
        if not fields.usable:
            return
        self.says[str(name)] = str(fields.optional("says") or "")
        kinds = [kind for kind in KINDS if kind in fields.record]
        if len(kinds) != 1:
            self.report.error(
                "measure-kind",
                name,
                f"the measure `{name}` needs exactly one of {', '.join(KINDS)}"
                + (f"; it has {' and '.join(kinds)}." if kinds else "."),
            )
            return
        kind = kinds[0]
        node = (
            self._formula(fields)
            if kind == "formula"
            else self._map(fields, name)
            if kind == "map"
            else self._cases(fields, name)
            if kind == "cases"
            else self._bands(fields, name)
            if kind == "bands"
            else self._fold(fields, name, kind)
        )
        fields.done()
        if node is not None:
            self.nodes[name] = node

    def _formula(self, fields: Fields) -> Node | None:
        text = fields.text("formula")
        policy = self._policy(fields)
        if text in STATES:
            return Cases((Case(None, STATES[text]),))
        expression = self._expression(text)
        by_zero = _constant(fields.optional("by_zero"))
        if expression is None:
            return None
        return Formula(expression, policy, by_zero)

    def _expression(self, text: Text) -> Expression | None:
        return parse_formula(text, self.report) if text else None

    def _policy(self, fields: Fields, *, words: tuple[str, ...] = ()) -> dict[State, Constant]:
        default = fields.optional("absent")
        policy: dict[State, Constant] = {}
        for word, state in STATES.items():
            written = fields.optional(word)
            text = default if written is None else written
            if text is not None:
                policy[state] = str(text) if text in words else constant(text)
        return policy

    # map

    def _map(self, fields: Fields, name: str) -> Node | None:
        data = fields.raw("map")
        dims = [data] if isinstance(data, str) else data
        across = tuple(str(label) for label in fields.texts("across"))
        twice = next((label for label in across if across.count(label) > 1), None)
        if twice is not None:
            self.report.error("map", fields.key("across"), f"`across` names `{twice}` twice.")
        to = fields.raw("to", required=True)
        otherwise = _constant(fields.optional("else"))
        ticked = (
            fields.word("ticked", ("greatest", "least", "sum")) if fields.raw("ticked") else None
        )
        policy = self._policy(fields)
        if not isinstance(dims, list) or not dims or not all(isinstance(d, str) for d in dims):
            self.report.error("map", name, "`map` takes the name of a measure, or a list of names.")
            return None
        if across and len(dims) == 1:
            self.report.error(
                "map",
                fields.key("across"),
                f"`{name}` looks up `{dims[0]}` alone; `across` goes with a list of names, and "
                "spreads out the last.",
            )
            return None
        if to is None or twice is not None:
            return None
        table = (
            self._csv_table(to, dims) if isinstance(to, str) else self._table(to, len(dims), across)
        )
        if table is None:
            return None
        return Map(tuple(str(dim) for dim in dims), table, otherwise, policy, ticked)  # type: ignore[arg-type]

    def _table(self, data: object, depth: int, across: tuple[str, ...]) -> Any:
        if isinstance(data, list) and depth == 1 and across:
            if len(data) != len(across):
                self.report.error(
                    "map",
                    data,
                    f"this row has {len(data)} entries, but `across` names {len(across)}.",
                )
                return None
            data = Record(zip(across, data, strict=True))
        if depth == 0:
            if is_null(data):
                self.report.error(
                    "map", data, "an entry has no value; a decimal takes a point: 2.5."
                )
                return None
            if isinstance(data, str):
                return constant(data)
            self.report.error(
                "map",
                data,
                "an entry here must be a single value; a table has one level of keys for each name "
                "of `map`.",
            )
            return None
        if not isinstance(data, Mapping) or not data:
            self.report.error(
                "map", data, "the table must have one level of keys for each name of `map`."
            )
            return None
        read = {str(key): self._table(value, depth - 1, across) for key, value in data.items()}
        return None if any(value is None for value in read.values()) else read

    def _csv_table(self, name: str, dims: Sequence[str]) -> Any:
        records = self.tables(name)
        if records is None:
            return None
        table: dict[str, Any] = {}
        for record in records[: MOST_ROWS + 1]:
            columns = [str(column) for column in record]
            if columns[:-1] != [str(dim) for dim in dims]:
                self.report.error(
                    "map",
                    name,
                    f"the table {name} must have the columns {', '.join(dims)} and then one with "
                    f"the result; it has {', '.join(columns)}.",
                )
                return None
            *keys, result = (str(value).strip() for value in record.values())
            level = table
            for key in keys[:-1]:
                level = level.setdefault(key, {})
            if keys[-1] in level:
                self.report.error(
                    "map-overlap",
                    place_of(record) or name,
                    f"the table has {', '.join(keys)} twice.",
                )
            level[keys[-1]] = constant(result)
        if len(records) > MOST_ROWS:
            self.report.error(
                "table-too-long",
                name,
                f"the table has {len(records)} rows; a rubric takes at most {MOST_ROWS}.",
            )
            return None
        return table

    # cases

    def _cases(self, fields: Fields, name: str) -> Node | None:
        cases: list[Case | None] = []
        for data in fields.items("cases"):
            inner = Fields(data, self.report, f"a case of `{name}`", at=name)
            when = inner.raw("when", required=True)
            condition = parse(when, self.report) if when is not None else None
            case = self._given(inner, name, condition)
            cases.append(case if condition is not None else None)
        last = fields.raw("else")
        if last is None:
            self.report.error(
                "cases-without-else",
                name,
                f"`{name}` needs an `else`: what it is where no case holds.",
            )
            return None
        if isinstance(last, str):
            written = last
            last = Record({Text("give", place_of(written)): written})
            last.place = place_of(written)
        cases.append(self._given(Fields(last, self.report, f"the else of `{name}`", name), name))
        if any(case is None for case in cases):
            return None
        return Cases(tuple(case for case in cases if case is not None))

    def _given(self, fields: Fields, name: str, when: Condition | None = None) -> Case | None:
        give, label = fields.optional("give"), fields.optional("label")
        because = str(fields.optional("because") or "")
        fields.done()
        if not fields.usable:
            return None
        if (give is None) == (label is None):
            self.report.error(
                "case",
                fields.at,
                f"a case of `{name}` needs either `give:` (a formula or a state) or `label:`.",
            )
            return None
        if label is not None:
            if label in STATES:
                self.report.error(
                    "case", label, f"`{label}` is a state, not a label: write `give: {label}`."
                )
            return Case(when, str(label), because, fields.at)
        assert give is not None  # noqa: S101  # one of the two is there
        if give in STATES:
            return Case(when, STATES[give], because, fields.at)
        expression = self._expression(give)
        return None if expression is None else Case(when, expression, because, fields.at)

    # bands

    def _bands(self, fields: Fields, name: str) -> Node | None:
        of = self._expression(fields.text("bands"))
        edges, rest, from_top = read_edges(fields.mapping("to", required=True), name, self.report)
        policy = self._policy(fields)
        if of is None or rest is None:
            return None
        return Bands(of, edges, rest, from_top, policy)

    # folds

    def _fold(self, fields: Fields, name: str, kind: str) -> Node | None:
        data = fields.raw(kind, required=True)
        across = isinstance(data, list)
        parts = data if isinstance(data, list) else [data]
        members = [self._member(part, kind, name) for part in parts if part is not None]
        where = fields.raw("where")
        condition = parse(where, self.report) if where is not None else None
        weight_text = fields.optional("weight")
        weight = self._expression(weight_text) if weight_text is not None else None
        by = fields.raw("by")
        columns = [by] if isinstance(by, str) else fields.texts("by") if by is not None else []
        over = fields.optional("over")
        policy = self._policy(fields, words=("skip", "stop"))
        self._counts(fields, name, kind, policy)
        empty = _constant(fields.optional("empty"))
        order = tuple(str(label) for label in fields.texts("order"))
        top, bottom = (
            fields.whole(key) if fields.raw(key) is not None else None for key in ("top", "bottom")
        )
        self._fold_fits(fields, name, kind, across, members)
        for column in columns:
            if column not in self.table_rows.columns and not self.rows_are_wrong:
                self.report.error(
                    "unknown-name",
                    column,
                    f"`by` names `{column}`, which is no column of the rows."
                    + did_you_mean(column, self.table_rows.columns),
                )
        named = over is None or over in self.table_rows.columns or self.rows_are_wrong
        if not named:
            self.report.error(
                "unknown-name", over, f"`over` names `{over}`, which is no column of the rows."
            )
        if not members or any(member is None for member in members):
            return None
        if (where is not None and condition is None) or (weight_text is not None and not weight):
            return None
        return Fold(
            kind=kind,  # type: ignore[arg-type]
            members=tuple(member for member in members if member is not None),
            across=across,
            where=condition,
            weight=weight,
            by=tuple(str(column) for column in columns),
            over=_text(over),
            policy=_fold_policy(kind, policy),
            said=frozenset(policy),
            empty=_empty(kind) if empty is None else empty,
            order=order,
            top=top,
            bottom=bottom,
        )

    def _counts(
        self, fields: Fields, name: str, kind: str, policy: Mapping[State, Constant]
    ) -> None:
        """What stands for a state is a value written out: among numbers, a number."""
        if kind not in ("sum", "mean", "product"):
            return
        for state, value in policy.items():
            if isinstance(value, str) and value not in ("skip", "stop"):
                key = fields.key(state.value) or fields.key("absent") or name
                self.report.error(
                    "not-a-number",
                    key,
                    f"`{name}` cannot count `{key}` as `{value}`: write a number, `skip` or "
                    "`stop`.",
                )
                break

    def _member(self, data: object, kind: str, name: str) -> Expression | Condition | None:
        if isinstance(data, str):
            return self._expression(data if isinstance(data, Text) else Text(data))
        if kind not in _DOWN_CONDITIONS:
            self.report.error(
                "fold", data or name, f"`{kind}` takes a formula, or a list of formulas."
            )
            return None
        return parse(data, self.report)

    def _fold_fits(
        self,
        fields: Fields,
        name: str,
        kind: str,
        across: bool,
        members: Sequence[Expression | Condition | None],
    ) -> None:
        has = {key for key in fields.record if fields.record[key] is not None}
        wrong = [
            (key, says)
            for key, bad, says in (
                ("where", across, "a list of members needs no `where`"),
                ("by", across, "a list of members is one group; `by` goes with rows"),
                ("over", across, "`over` goes with rows"),
                ("weight", kind not in ("sum", "mean"), "only sum and mean take a weight"),
                (
                    "weight",
                    across and kind in ("sum", "mean"),
                    "a weight goes with rows; weigh a list in a formula, such as 5 * a + 3 * b",
                ),
                ("order", kind not in ("least", "greatest"), "only least and greatest rank labels"),
                ("top", kind not in ("sum", "mean"), "only sum and mean keep the greatest members"),
                ("bottom", kind not in ("sum", "mean"), "only sum and mean keep the least members"),
            )
            if bad and key in has
        ]
        for key in ("by", "order"):
            listed = fields.record.get(key)
            if isinstance(listed, list) and len({str(one) for one in listed}) < len(listed):
                wrong.append((key, f"`{key}` names something twice"))
        formulas = [isinstance(member, Expression) for member in members if member is not None]
        if kind in ("any", "all", "ladder") and any(formulas):
            wrong.append((kind, f"`{kind}` takes conditions, such as {{measure: value}}"))
        if {"top", "bottom"} <= has or ("weight" in has and has & {"top", "bottom"}):
            wrong.append(("top" if "top" in has else "bottom", "keep one of weight, top, bottom"))
        if "by" in has and "over" in has:
            wrong.append(("over", "`over` has one value for each row, so `by` means nothing"))
        for key, says in wrong:
            self.report.error("fold", fields.key(key) or name, f"in `{name}`: {says}.")

    # -- results --------------------------------------------------------------------------------

    def results(self, top: Fields) -> dict[str, tuple[Text, Rounding | None]]:
        """Each result's name (or pattern) with its measure or state, and how it is shown."""
        found: dict[str, tuple[Text, Rounding | None]] = {}
        for name, data in top.mapping("results", required=True).items():
            if isinstance(data, str):
                found[name] = (data if isinstance(data, Text) else Text(data), None)
                continue
            fields = Fields(data, self.report, f"the result `{name}`", at=name)
            of = fields.text("of")
            shown = fields.mapping("shown")
            fields.done()
            rounding = None
            for way, step in shown.items():
                size = read_number(str(step))
                if way not in ("up", "down", "nearest") or size is None or size <= 0 or rounding:
                    self.report.error(
                        "rounding", way, "`shown` is one of {down: 1}, {up: 0.1}, {nearest: 0.01}."
                    )
                else:
                    rounding = Rounding(str(way), size)
            if of:
                found[name] = (of, rounding)
        return found


def read_edges(
    to: Mapping[Any, Any], at: object, report: Report
) -> tuple[tuple[Edge, ...], Constant | None, bool]:
    """Bands from `{label: edge, …, label: else}`, checked: order, direction, nothing left over.

    `70` and `>=70` begin a band at 70, `>70` above it; `<=30` and `<30` end one.
    """
    edges: list[Edge] = []
    rest: Constant | None = None
    directions: set[bool] = set()
    last: object = None
    for label, written in to.items():
        if rest is not None:
            report.error("bands-order", label, "`else` must be the last band.")
            break
        if not isinstance(written, str):
            report.error("bands", label, "an edge is a number, or `else` for the last band.")
            return (), None, True
        if written == "else":
            rest = constant(str(label))
            continue
        found = re.fullmatch(r"\s*(>=|<=|>|<)?\s*(.+)", written)
        bound = read_number(found[2]) if found else None
        if found is None or bound is None:
            report.error(
                "bands", written, f'`{written}` is no edge: write 70, ">70", "<=30" or "<30".'
            )
            return (), None, True
        sign = found[1] or ">="
        directions.add(sign[0] == ">")
        edges.append(Edge(constant(str(label)), bound, inclusive=sign.endswith("=")))
        last = written
    if len(directions) > 1:
        report.error(
            "bands-order", at, "edges must all be lower (>=, >) or all be upper (<=, <) bounds."
        )
        return (), None, True
    if rest is None:
        report.error(
            "bands-gap",
            last or at,
            "nothing is said of the numbers beyond the last edge; give the last band `else`.",
        )
        return (), None, True
    from_top = directions != {False}
    for earlier, later, written in zip(edges, edges[1:], list(to.values())[1:], strict=False):
        falls = (earlier.bound, not earlier.inclusive) > (later.bound, not later.inclusive)
        rises = (earlier.bound, earlier.inclusive) < (later.bound, later.inclusive)
        if not (falls if from_top else rises):
            way = "fall" if from_top else "rise"
            report.error("bands-order", written, f"edges must {way} from band to band.")
    return tuple(edges), rest, from_top


def questions_of(questionnaire: Questionnaire | None) -> tuple[Question, ...]:
    """Every question, in the order asked."""
    if questionnaire is None:
        return ()
    return tuple(q for section in questionnaire.sections for q in section.questions)


def input_of(question: Question) -> Input:
    """What a sheet may bring as the answer to a question of the questionnaire."""
    low, high = (
        read_number(text) if text is not None else None
        for text in (question.at_least, question.at_most)
    )
    number = question.answer == "number"
    return Input(
        name=question.id,
        source="answers",
        choices=answers_of(tuple(choice.id for choice in question.choices), question.dont_know)
        if question.answer != "text"
        else (),
        number=number,
        any_number=number,
        at_least=low,
        at_most=high,
        many=question.answer == "many_of",
        day=question.answer == "date",
        declared=False,
    )


def _reads_rows(found: Input) -> bool:
    return found.declared and found.per_row and found.source == "answers"


def _as_dict(found: Input) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Input.__dataclass_fields__}


def _text(text: Text | None) -> str | None:
    return None if text is None else str(text)


def _constant(text: Text | None) -> Constant | None:
    return None if text is None else constant(text)


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(f"`{word}`" for word in words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"


_SKIPPED = (State.HIDDEN, State.NOT_APPLICABLE)


def _fold_policy(kind: str, written: Mapping[State, Constant]) -> dict[State, Constant]:
    """What was written, completed: `first` passes over everything absent, others what is off."""
    return {
        state: written.get(state, "skip" if kind == "first" or state in _SKIPPED else "stop")
        for state in STATES.values()
    }


def _empty(kind: str) -> Constant:
    return Fraction(0) if kind in ("sum", "count", "ladder") else State.NOT_APPLICABLE


__all__ = ["FOLDS", "KINDS", "Number", "Tables", "constant", "read_edges", "read_graph"]
