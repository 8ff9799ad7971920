"""What can be told of a rubric's graph without a sheet: order, grain, possible values, holes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heapify, heappop, heappush

from vendorrisk.conditions import (
    STATES,
    AtLeast,
    AtMost,
    Condition,
    Every,
    Is,
    Isnt,
    Some,
    State,
    Test,
    atoms,
    names,
    read_number,
)
from vendorrisk.document import Place, Report, Text, did_you_mean, place_of
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.formula import (
    Expression,
    Name,
    Number,
    divisors,
    names_in,
    write_number,
)
from vendorrisk.scoring.graph import (
    BY_ROW,
    Bands,
    Cases,
    Constant,
    Fold,
    Formula,
    Grain,
    Graph,
    Input,
    Map,
    Measure,
    Named,
    Node,
    Rounding,
    Rows,
    Span,
    Table,
    is_expression,
    member_names,
    names_of,
)
from vendorrisk.scoring.spans import (
    LARGEST_DEGREE,
    after_policy,
    combined,
    constant_span,
    dead_bands,
    excludes_zero,
    fold_range,
    numbers_span,
    tick_range,
    union,
)

MOST_RESULTS = 10_000
_LONGEST_CIRCLE = 12
_PASSES = 10
_MOST_MISSING = 1_000


# What a measure read over other rows may be; rarer states would only bring needless warnings.
_ANYTHING = Span(
    numeric=True, states=frozenset((State.HIDDEN, State.NOT_APPLICABLE, State.UNANSWERED))
)


@dataclass(frozen=True)
class Draft:
    """What was read, before anything is known of how it hangs together."""

    rows: Rows
    inputs: Mapping[str, Input]
    nodes: Mapping[str, Node]
    says: Mapping[str, str]
    rows_at: Place | None = None


def analyse(
    draft: Draft,
    results: Mapping[str, tuple[Text, Rounding | None]],
    questionnaire: Questionnaire | None,
    report: Report,
) -> Graph | None:
    """The checked graph; None with every problem reported.

    Errors: unknown-name, formula-attribute, cycle, grain-mismatch, fold-nothing, not-a-number,
    impossible-value, map-incomplete, map-unknown-key, negative-weight, formula-power,
    divides-by-zero, weights-cancel, results.
    Warnings: unused-measure, unused-input, may-divide-by-zero, stops-at-unanswered, never-happens,
    dead-band, blank-cell.
    """
    before = len(report.errors)
    analysis = _Analysis(draft, questionnaire, report)
    if analysis.names_are_known(results):
        order = analysis.order()
        if order is not None and analysis.rows_named_are_rows():
            for name in order:
                analysis.measure(name)
            for name in analysis.guessed:
                analysis.measure(name)
            analysis.powers_along_rows(order)
            named = analysis.results(results)
            if len(report.errors) == before:
                analysis.unused(results)
                return Graph(draft.rows, analysis.used_inputs(), analysis.measures, named)
    return None


class _Analysis:
    def __init__(self, draft: Draft, questionnaire: Questionnaire | None, report: Report) -> None:
        self.draft, self.report = draft, report
        self.rows, self.inputs = draft.rows, draft.inputs
        self.nodes: dict[str, Node] = {str(name): node for name, node in draft.nodes.items()}
        self.keys = {str(name): name for name in draft.nodes}
        self.columns = {column: rank for rank, column in enumerate(draft.rows.columns)}
        self.questions = {
            q.id: q
            for section in (questionnaire.sections if questionnaire else ())
            for q in section.questions
        }
        self.measures: dict[str, Measure] = {}
        self.shell = Graph(draft.rows, {}, {}, ())  # only for its groups of rows
        self.guessed: dict[str, None] = {}
        self.spot: object = None  # where the measure, or the case of it, that is looked at stands
        self._spans: dict[str, Span] = {}
        self._column_labels: dict[str, Span] = {}

    # -- names and order ------------------------------------------------------------------------

    def names_are_known(self, results: Mapping[str, tuple[Text, Rounding | None]]) -> bool:
        known = {*self.nodes, *self.inputs, *self.columns}
        fine = True
        for name, node in self.nodes.items():
            for used in dict.fromkeys(names_of(node)):
                if used in known:
                    continue
                fine = False
                head = used.split(".")[0]
                at = _case_with(node, used) or self.keys[name]
                if head in known:
                    self.report.error(
                        "formula-attribute",
                        at,
                        f"`{name}` uses `{used}`, but `{head}` has no attributes.",
                    )
                    continue
                row = next((one for one in self.rows.questions if one.startswith(f"{used}-")), None)
                self.report.error(
                    "unknown-name",
                    at,
                    f"`{name}` uses `{used}`, which is neither a measure, an input, "
                    "a question nor a column."
                    + (
                        did_you_mean(used, known)
                        if row is None
                        else f" A formula takes the `-` of `{row}` for a minus: to read one row, "
                        f"fold with `where: {{id: {row}}}`."
                    ),
                )
        for result, (of, _) in results.items():
            if of not in self.nodes and of not in STATES:
                fine = False
                self.report.error(
                    "unknown-name",
                    of if place_of(of) else result,
                    f"the result `{result}` shows `{of}`, which is no measure."
                    + did_you_mean(of, self.nodes),
                )
        graded = any(i.per_row and i.source == "answers" for i in self.inputs.values())
        if graded and self.questions:
            for row, question in self.rows.questions.items():
                if question not in self.questions:
                    fine = False
                    self.report.error(
                        "unknown-name",
                        self.draft.rows_at,
                        f"the row `{row}` is answered by `{question}`, which is no question."
                        + did_you_mean(question, self.questions),
                    )
        return fine

    def order(self) -> list[str] | None:
        """Each measure after what it uses; what a fold reads `over` other rows may come later."""
        waits = {
            name: {used for used in self.earlier(node) if used in self.nodes}
            for name, node in self.nodes.items()
        }
        followers: dict[str, list[str]] = {name: [] for name in waits}
        for name, used in waits.items():
            for other in used:
                followers[other].append(name)
        position = {name: rank for rank, name in enumerate(self.nodes)}
        ready = [(position[name], name) for name, used in waits.items() if not used]
        heapify(ready)
        order: list[str] = []
        while ready:
            _, name = heappop(ready)
            order.append(name)
            for follower in followers[name]:
                waits[follower].discard(name)
                if not waits[follower]:
                    heappush(ready, (position[follower], follower))
        if len(order) == len(waits):
            return order
        self._report_cycles({name: used for name, used in waits.items() if used})
        return None

    def earlier(self, node: Node) -> Iterator[str]:
        """The names that must be known before this node."""
        if isinstance(node, Fold) and node.over is not None:
            if node.weight is not None:
                yield from names_in(node.weight)
            return
        yield from names_of(node)

    def _report_cycles(self, stuck: Mapping[str, set[str]]) -> None:
        """Each circle once; what only waits for one is not reported."""
        looked_at: set[str] = set()
        for start in stuck:
            path: dict[str, None] = {}
            name = start
            while name not in path and name not in looked_at:
                path[name] = None
                name = min(stuck[name], key=list(self.nodes).index)
            if name in path:
                circle = list(path)[list(path).index(name) :]
                shown = circle if len(circle) <= _LONGEST_CIRCLE else [*circle[:5], "…", circle[-1]]
                self.report.error(
                    "cycle",
                    self.keys[name],
                    f"`{name}` depends on itself: {' → '.join([*shown, name])}; break the circle.",
                )
            looked_at |= path.keys()

    def rows_named_are_rows(self) -> bool:
        """The rows that `over` columns list exist, and no row is reached from itself."""
        columns = {
            node.over: name
            for name, node in self.nodes.items()
            if isinstance(node, Fold) and node.over is not None
        }
        follows: dict[str, list[str]] = {str(row["id"]): [] for row in self.rows.contexts}
        for column, name in columns.items():
            for row in self.rows.contexts:
                for other in listed(row[column]):
                    if other not in follows:
                        self.report.error(
                            "unknown-name",
                            self.keys[name],
                            f"the row `{row['id']}` lists `{other}` in `{column}`, "
                            "which is no row." + did_you_mean(other, follows),
                        )
                        return False
                    follows[str(row["id"])].append(other)
        left = dict(follows)
        while done := [row for row, others in left.items() if not any(o in left for o in others)]:
            for settled in done:
                del left[settled]
        if left:
            at = self.keys[next(iter(columns.values()))]
            self.report.error(
                "cycle", at, f"the rows {', '.join(sorted(left)[:5])} depend on one another."
            )
        return not left

    # -- one measure ----------------------------------------------------------------------------

    def measure(self, name: str) -> None:
        node, at = self.nodes[name], self.keys[name]
        self.spot = at
        grain, folds = self.grains(name, node)
        draft = Measure(name, node, grain, folds, Span(), self.draft.says[name], place_of(at))
        self.measures[name] = draft  # `over` folds may ask for its grain
        known = len(self.report.problems)
        span = self.span(draft) if self.columns_fit(draft) else Span(numeric=True)
        if isinstance(node, Fold) and node.over is not None and name not in self.guessed:
            # It may read what is known only later: judged for good once everything is.
            self.guessed[name] = None
            del self.report.problems[known:]
        if span.degree > LARGEST_DEGREE:
            self.report.error(
                "formula-power", at, f"in `{name}` powers of powers grow beyond all bounds."
            )
            span = Span(numeric=True, states=span.states)  # said once, and not computed further
        self.measures[name] = replace(draft, span=span)

    def powers_along_rows(self, order: Sequence[str]) -> None:
        """Report powers that multiply up from row to row, where a fold reads other rows.

        Each pass takes them one row further. What grows by multiplying is out of bounds after a
        few; what does not may go on, since there are only so many rows.
        """
        if not self.guessed:
            return
        known = len(self.report.problems)
        for _ in range(_PASSES):
            before = [self.measures[name].span.degree for name in order]
            for name in order:
                self.measure(name)
            grown = [p for p in self.report.problems[known:] if p.code == "formula-power"]
            del self.report.problems[known:]
            if grown:
                self.report.problems.append(grown[0])
            if grown or before == [self.measures[name].span.degree for name in order]:
                return

    def grain_of(self, name: str) -> Grain:
        if name in self.nodes:
            return self.measures[name].grain if name in self.measures else BY_ROW
        if name in self.columns:
            return BY_ROW
        return BY_ROW if self.inputs[name].per_row else ()

    def join(self, grains: Iterable[Grain]) -> Grain:
        found = set(grains)
        if BY_ROW in found:
            return BY_ROW
        columns = {column for grain in found for column in grain}
        return tuple(sorted(columns, key=self.columns.__getitem__))

    def grains(self, name: str, node: Node) -> tuple[Grain, Grain]:
        if not isinstance(node, Fold) or node.across:
            return self.join(self.grain_of(used) for used in names_of(node)), ()
        if node.over is not None:
            return BY_ROW, BY_ROW
        used = [n for member in node.members for n in member_names(member)]
        if node.weight is not None:
            used += names_in(node.weight)
        conditions = names(node.where) if node.where is not None else ()
        used += [n for n in conditions if n not in self.columns]
        folds = self.join(self.grain_of(n) for n in used)
        if not folds and any(n in self.columns for n in conditions):
            folds = BY_ROW
        if not folds:
            self.report.error(
                "fold-nothing",
                self.keys[name],
                f"`{name}` folds what has only one value; list several members, "
                "or fold a measure that has one for each row.",
            )
        return self.join([node.by]) if node.by != BY_ROW else BY_ROW, folds

    def columns_fit(self, measure: Measure) -> bool:
        """Every column a fold reads has one value in each group that it folds."""
        node = measure.node
        if not isinstance(node, Fold) or node.across or not measure.folds:
            return True
        needed = list(node.by)
        if node.where is not None:
            needed += [n for n in names(node.where) if n in self.columns]
        for key, context in self.shell.contexts(measure.folds).items():
            for column in needed:
                if column not in context:
                    self.report.error(
                        "grain-mismatch",
                        self.keys[measure.name],
                        f"`{measure.name}` folds one value for {_each(measure.folds)}, but "
                        f"`{column}` differs within {', '.join(key)}; add `{column}` to the `by:` "
                        "of what it folds.",
                    )
                    return False
        if node.over is not None:
            for used in {n for member in node.members for n in member_names(member)}:
                if used in self.measures and self.grain_of(used) != BY_ROW:
                    self.report.error(
                        "grain-mismatch",
                        self.keys[measure.name],
                        f"`over` folds rows, but `{used}` has no value for each row.",
                    )
                    return False
        return True

    # -- what names may be ----------------------------------------------------------------------

    def span_of(self, name: str, *, as_label: bool) -> Span:
        """What a name may be: in a condition or a map (`as_label`) a column is its text."""
        if name in self.nodes:
            if name in self.measures and self.measures[name].span != Span():
                return self.measures[name].span
            return _ANYTHING  # read over other rows, before it is known itself
        if name in self.columns:
            return self.column_span(name, as_label=as_label)
        if name not in self._spans:
            found = self.inputs[name]
            if found.per_row and found.source == "answers" and self.questions:
                asked = dict.fromkeys(self.rows.questions.values())
                span = union([self.input_span(self.inputs[q]) for q in asked])
            else:
                span = self.input_span(found)
            self._spans[name] = span
        return self._spans[name]

    def column_span(self, column: str, *, as_label: bool) -> Span:
        values = [row[column] for row in self.rows.contexts]
        states = frozenset(v for v in values if isinstance(v, State))
        texts = frozenset(v for v in values if not isinstance(v, State))
        if column in self.rows.numeric and not as_label:
            return numbers_span((read_number(text) or Fraction(0) for text in texts), states)
        return Span(labels=texts, states=states)

    def input_span(self, found: Input) -> Span:
        states = set() if found.default is not None else {State.UNANSWERED}
        if isinstance(found.default, State):
            states.add(found.default)
        states |= {STATES[choice] for choice in found.choices if choice in STATES}
        question = self.questions.get(found.of or found.name)
        if found.source == "answers" and question is not None:
            states.add(State.UNANSWERED)
            if question.show_when is not None:
                states.add(State.HIDDEN)
            if question.not_applicable is not None:
                states.add(State.NOT_APPLICABLE)
        labels = frozenset(found.labels)
        if found.number:
            listed = frozenset(
                number for c in found.choices if (number := read_number(c)) is not None
            )
            bounded = Span(numeric=True, low=found.at_least, high=found.at_most)
            if listed and not found.any_number:
                bounded = numbers_span(listed, frozenset())
            return replace(bounded, labels=labels, states=frozenset(states))
        return Span(
            labels=labels,
            any_label=not labels and not found.day,
            many=found.many,
            days=found.day,
            states=frozenset(states),
        )

    # -- spans of nodes -------------------------------------------------------------------------

    def span(self, measure: Measure) -> Span:
        match measure.node:
            case Formula() as node:
                self.divisions(measure, node.expression, said=node.by_zero is not None)
                span = self.expression(measure, node.expression)
                zero = [] if node.by_zero is None else [constant_span(node.by_zero)]
                return union([after_policy(span, node.policy), *zero])
            case Map() as node:
                return self.map_span(measure, node)
            case Cases() as node:
                spans = []
                for place, case in enumerate(node.cases):
                    self.spot = case.place or self.keys[measure.name]
                    if case.when is not None:
                        self.condition(measure, case.when)
                        if any(case.when == earlier.when for earlier in node.cases[:place]):
                            self.report.warning(
                                "never-happens",
                                self.spot,
                                f"case {place + 1} of `{measure.name}` never decides: a case "
                                "before it has the same `when`.",
                            )
                    if isinstance(case.give, (str, State)):
                        spans.append(constant_span(case.give))
                    else:
                        self.divisions(measure, case.give, said=False)
                        spans.append(self.expression(measure, case.give))
                return union(spans)
            case Bands() as node:
                self.divisions(measure, node.of, said=False)
                span = self.number(measure, node.of)
                for band in dead_bands(node, span):
                    self.report.warning(
                        "dead-band",
                        self.spot,
                        f"no number comes to the band `{band}` of `{measure.name}`: what it bands "
                        f"lies {_between(span)}; change its edge or leave it out.",
                    )
                bands = [constant_span(edge.band) for edge in node.edges]
                states = Span(states=after_policy(span, node.policy).states)
                given = [constant_span(v) for s, v in node.policy.items() if s in span.states]
                return union([*bands, constant_span(node.rest), states, *given])
            case Fold() as node:
                return self.fold_span(measure, node)

    def expression(self, measure: Measure, found: Expression) -> Span:
        if isinstance(found, Name):
            return self.span_of(found.name, as_label=False)
        return self.number(measure, found)

    def number(self, measure: Measure, found: Expression) -> Span:
        """The span of arithmetic, whose operands must be numbers."""
        if isinstance(found, Number):
            return numbers_span([found.value], frozenset())
        if isinstance(found, Name):
            span = self.span_of(found.name, as_label=False)
            if span.has_labels or span.days:
                self.report.error(
                    "not-a-number",
                    self.spot,
                    f"`{measure.name}` calculates with `{found.name}`, which may be "
                    f"{_example(span)}.",
                )
                return Span(numeric=True, states=span.states)
            return span
        parts = [self.number(measure, part) for part in found.parts]
        return combined(found, parts)

    def divisions(self, measure: Measure, found: Expression, *, said: bool) -> None:
        for divisor in divisors(found):
            if isinstance(divisor, Number) and divisor.value != 0:
                continue
            span = _quiet(self, measure, divisor)
            if span is not None and span.numeric and span.low == span.high == 0:
                self.report.error(
                    "divides-by-zero",
                    self.spot,
                    f"`{measure.name}` always divides by zero.",
                )
                continue
            if said or span is None or excludes_zero(span):
                continue
            self.report.warning(
                "may-divide-by-zero",
                self.spot,
                f"`{measure.name}` may divide by zero and is then not applicable; "
                "if that is meant, say `by_zero: not_applicable` beside the formula.",
            )

    def map_span(self, measure: Measure, node: Map) -> Span:
        spans = [self.span_of(dim, as_label=True) for dim in node.dims]
        many = [dim for dim, span in zip(node.dims, spans, strict=True) if span.many]
        at = self.keys[measure.name]
        if len(many) > 1 or bool(many) != (node.ticked is not None):
            self.report.error(
                "map",
                at,
                f"`{measure.name}` maps several ticks: say `ticked: greatest`, `least` or `sum`."
                if many
                else f"`ticked` in `{measure.name}` goes with one answer that may tick several.",
            )
        self.map_is_complete(measure, node, spans)
        span = union(constant_span(value) for value in entries(node.table))
        if node.ticked is not None:
            if span.has_labels or span.states:
                self.report.error("map", at, "the entries for ticks must all be numbers.")
            span = tick_range(node.ticked, span)
        if node.otherwise is not None:
            span = union([span, constant_span(node.otherwise)])
        absent = union([Span(states=s.states) for s in spans])
        given = after_policy(absent, node.policy)
        return union([span, given])

    def map_is_complete(self, measure: Measure, node: Map, spans: Sequence[Span]) -> None:
        per_row = [
            dim in self.inputs
            and self.inputs[dim].per_row
            and self.inputs[dim].source == "answers"
            and bool(self.questions)
            for dim in node.dims
        ]
        fixed = [dim for dim in node.dims if dim in self.columns]
        if any(per_row):
            fixed.append("id")
        missing: dict[str, None] = {}
        reached: set[tuple[int, str]] = set()
        seen = set()
        for context in self.shell.contexts(measure.grain).values():
            facts = tuple(context.get(column) for column in fixed)
            if facts in seen:
                continue
            seen.add(facts)
            level: list[tuple[Table, tuple[str, ...]]] = [(node.table, ())]
            for dim, span, by_row in zip(node.dims, spans, per_row, strict=True):
                possible: tuple[str | Fraction, ...] | None
                if dim in self.columns:
                    value = context[dim]
                    possible = () if isinstance(value, State) else (value,)
                else:
                    if by_row:
                        question = self.rows.questions[str(context["id"])]
                        span = self.input_span(self.inputs[question])
                    possible = span.finite()
                deeper: list[tuple[Table, tuple[str, ...]]] = []
                for table, path in level:
                    if possible is None:
                        taken = [key for key in table if span.may_be(key)]
                        if node.otherwise is None:
                            missing[" ".join((*path, "any other value"))] = None
                    else:
                        keys = _keys_by_value(table)
                        taken = []
                        for one in possible:
                            found = keys.get(one, [])
                            if len(found) > 1:
                                self.report.error(
                                    "map-overlap",
                                    self.keys[measure.name],
                                    f"`{measure.name}` has {_quoted(found)} for the same number.",
                                )
                            if not found and node.otherwise is None:
                                if len(missing) > _MOST_MISSING:
                                    break  # enough to tell
                                missing[" ".join((*path, str(one)))] = None
                            taken += found
                    for key in dict.fromkeys(taken):
                        reached.add((id(table), key))
                        inner = table[key]
                        if isinstance(inner, Mapping):
                            deeper.append((inner, (*path, key)))
                level = deeper
        at = self.keys[measure.name]
        if missing:
            shown = _quoted(list(missing))
            self.report.error(
                "map-incomplete",
                at,
                f"the map `{measure.name}` has nothing for {shown}; add the entries or an `else`.",
            )
        if len(missing) <= _MOST_MISSING:  # else not every entry was come to
            self._unreached(measure, node, node.table, 0, reached, spans)

    def _unreached(
        self,
        measure: Measure,
        node: Map,
        table: Table,
        depth: int,
        reached: set[tuple[int, str]],
        spans: Sequence[Span],
    ) -> None:
        for key, inner in table.items():
            if (id(table), key) not in reached:
                known = [str(value) for value in spans[depth].finite() or ()]
                self.report.error(
                    "map-unknown-key",
                    self.keys[measure.name],
                    f"the map `{measure.name}` has an entry for `{key}`, which "
                    f"`{node.dims[depth]}` never is here." + did_you_mean(key, known),
                )
            elif isinstance(inner, Mapping):
                self._unreached(measure, node, inner, depth + 1, reached, spans)

    def fold_span(self, measure: Measure, node: Fold) -> Span:
        if node.where is not None:
            self.condition(measure, node.where)
        self.blanks(measure, node)
        spans = []
        for member in node.members:
            if is_expression(member):
                self.divisions(measure, member, said=False)  # type: ignore[arg-type]
                spans.append(self.expression(measure, member))  # type: ignore[arg-type]
            else:
                self.condition(measure, member)  # type: ignore[arg-type]
        at = self.keys[measure.name]
        count = len(node.members)
        if not node.across:
            count = max(1, len(self.shell.contexts(measure.folds)))
        if node.kind in ("any", "all"):
            return Span(labels=frozenset(("true", "false")))
        if node.kind in ("count", "ladder"):
            return Span(numeric=True, low=Fraction(0), high=Fraction(count))
        if node.kind == "first" and node.across:
            certain = next((n for n, span in enumerate(spans) if not span.states), None)
            if certain is not None:  # so none behind it is ever asked, and there is always a value
                return replace(union(spans[: certain + 1]), states=frozenset())
        span = union(spans)
        if node.weight is not None:
            span = self.weighted(measure, node.weight, span)
        self.stops(measure, node, span)
        # What a policy puts in the place of a state is a member like any other.
        given = [
            constant_span(value)
            for state, value in node.policy.items()
            if state in span.states and value not in ("skip", "stop")
        ]
        span = union([span, *(stand_in for stand_in in given if not stand_in.states)])
        if node.kind in ("sum", "mean", "product") and (span.has_labels or span.days):
            self.report.error(
                "not-a-number",
                at,
                f"`{measure.name}` adds up what may be {_example(span)}.",
            )
            span = Span(numeric=True, states=span.states)
        if node.kind in ("least", "greatest") and span.has_labels:
            unranked = sorted(span.labels - set(node.order))
            if span.any_label or span.many or unranked or span.numeric:
                self.report.error(
                    "fold",
                    at,
                    f"`{measure.name}` ranks labels, so `order:` must name all of them, "
                    "least first" + (f"; it leaves out {_quoted(unranked)}." if unranked else "."),
                )
        empty = [constant_span(node.empty)]
        states = frozenset(s for s in span.states if node.policy.get(s) == "stop")
        if node.kind == "first":
            states |= span.states  # none of the members has a value
        folded = fold_range(node.kind, replace(span, states=frozenset()), count)
        return union([folded, Span(states=states), *given, *empty])

    def blanks(self, measure: Measure, node: Fold) -> None:
        """A cell left blank by mistake would take its row out of a result in silence."""
        told = names(node.where) if node.where is not None else ()
        weighs = () if node.weight is None else names_in(node.weight)
        parts = {**dict.fromkeys(weighs, "weighs"), **dict.fromkeys(node.by, "groups")}
        for column, how in parts.items():
            blank = [str(r["id"]) for r in self.rows.contexts if isinstance(r.get(column), State)]
            if blank and column not in (*told, *measure.folds):
                self.report.warning(
                    "blank-cell",
                    self.keys[measure.name],
                    f"`{measure.name}` {how} by `{column}`, which is blank for {_quoted(blank)}: "
                    "left out; fill the cells, or say that it is meant: "
                    f"`where: {{{column}: {{not: not_applicable}}}}`.",
                )

    def weighted(self, measure: Measure, weight: Expression, span: Span) -> Span:
        found = self.number(measure, weight)
        if found.low is not None and found.low < 0:
            self.report.error(
                "negative-weight",
                self.keys[measure.name],
                f"in `{measure.name}` a weight may be negative; weights are 0 or more.",
            )
        elif found.numeric and found.low == found.high == 0:
            self.report.error(
                "weights-cancel",
                self.keys[measure.name],
                f"in `{measure.name}` every weight is 0: nothing would count.",
            )
        degree = span.degree + found.degree if found.numbers is None else span.degree
        return replace(span, states=span.states | found.states, degree=degree)

    def stops(self, measure: Measure, node: Fold, span: Span) -> None:
        for state in (State.UNANSWERED, State.INCONCLUSIVE):
            silent = node.policy.get(state) == "stop" and state not in node.said
            if state in span.states and silent:
                self.report.warning(
                    "stops-at-unanswered",
                    self.keys[measure.name],
                    f"one {state.value} member makes the whole of `{measure.name}` "
                    f"{state.value}; say `{state.value}: 0`, `skip`, or `stop` if that is meant.",
                )

    # -- conditions -----------------------------------------------------------------------------

    def condition(self, measure: Measure, condition: Condition) -> None:
        for name, test in atoms(condition):
            self.test(measure, name, test, self.span_of(name, as_label=True))

    def test(self, measure: Measure, name: str, test: Test, span: Span) -> None:
        at = self.spot
        match test:
            case Is(values):
                for value in values:
                    if span.may_be(value):
                        continue
                    if value in STATES:
                        self.report.warning(
                            "never-happens",
                            at,
                            f"`{measure.name}` asks whether `{name}` is {value}, "
                            "which it never is.",
                        )
                    else:
                        self.report.error(
                            "impossible-value",
                            at,
                            f"`{measure.name}` asks whether `{name}` is `{value}`, "
                            f"which it never is." + did_you_mean(value, span.labels),
                        )
            case AtLeast(bound) | AtMost(bound):
                numeric = span.numeric or any(
                    read_number(label) is not None for label in span.labels
                )
                if not (numeric if isinstance(bound, Fraction) else span.days):
                    self.report.error(
                        "impossible-value",
                        at,
                        f"`{measure.name}` compares `{name}` with {test.text}, "
                        f"but it is no {'number' if isinstance(bound, Fraction) else 'day'}.",
                    )
                elif isinstance(bound, Fraction) and not span.has_labels:
                    end = span.high if isinstance(test, AtLeast) else span.low
                    beyond = end is not None and (
                        end < bound if isinstance(test, AtLeast) else end > bound
                    )
                    side = "at least" if isinstance(test, AtLeast) else "at most"
                    if beyond:
                        self.report.warning(
                            "never-happens",
                            at,
                            f"`{measure.name}` asks whether `{name}` is {side} {test.text}, "
                            f"which it never is: it lies {_between(span)}.",
                        )
            case Isnt(inner):
                self.test(measure, name, inner, span)
            case Every(inners) | Some(inners):
                for inner in inners:
                    self.test(measure, name, inner, span)

    # -- results --------------------------------------------------------------------------------

    def results(self, written: Mapping[str, tuple[Text, Rounding | None]]) -> tuple[Named, ...]:
        found: dict[str, Named] = {}
        for pattern, (of, shown) in written.items():
            if of in STATES:
                found[str(pattern)] = Named(str(pattern), None, (), STATES[of], shown)
                continue
            measure = self.measures[str(of)]
            if shown is not None and not measure.span.numeric:
                self.report.error(
                    "rounding", pattern, f"`{of}` is no number, so it cannot be rounded."
                )
            columns = re.findall(r"<([^<>]*)>", pattern)
            for key, context in self.shell.contexts(measure.grain).items():
                if any(not isinstance(context.get(column), str) for column in columns):
                    self.report.error(
                        "results",
                        pattern,
                        f"the result `{pattern}` may name {_columns(measure.grain)}: "
                        f"`{of}` has one value for each."
                        if measure.grain
                        else f"`{of}` has only one value, so `{pattern}` can name no column.",
                    )
                    break
                name = str(pattern)
                for column in columns:
                    name = name.replace(f"<{column}>", str(context[column]))
                if name in found:
                    self.report.error(
                        "results",
                        pattern,
                        f"two results are called `{name}`: `{of}` has one value for "
                        f"{_each(measure.grain)}; write {_columns(measure.grain)} into the name, "
                        "or fold the values into one first."
                        if measure.grain
                        else f"two results are called `{name}`.",
                    )
                    break
                found[name] = Named(name, measure.name, key, None, shown)
            if len(found) > MOST_RESULTS:
                self.report.error("results", pattern, "there are too many results.")
                break
        return tuple(found.values())

    def reachable(self, results: Iterable[str]) -> set[str]:
        todo, seen = [name for name in results if name in self.nodes], set[str]()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                if name in self.nodes:
                    todo += names_of(self.nodes[name])
        return seen

    def unused(self, results: Mapping[str, tuple[Text, Rounding | None]]) -> None:
        used = self.reachable(str(of) for of, _ in results.values())
        for name in self.nodes:
            if name not in used:
                self.report.warning(
                    "unused-measure", self.keys[name], f"no result needs the measure `{name}`."
                )
        for name, found in self.inputs.items():
            if found.declared and name not in used:
                self.report.warning("unused-input", name, f"nothing reads the input `{name}`.")

    def used_inputs(self) -> dict[str, Input]:
        used = {name for node in self.nodes.values() for name in names_of(node)}
        asked = set(self.rows.questions.values())
        return {
            str(name): found
            for name, found in self.inputs.items()
            if found.declared or name in used or name in asked
        }


# -- small helpers ----------------------------------------------------------------------------


def _quiet(analysis: _Analysis, measure: Measure, found: Expression) -> Span | None:
    """The span of part of a formula, without reporting its problems again."""
    known = len(analysis.report.problems)
    span = analysis.number(measure, found)
    broken = len(analysis.report.problems) > known
    del analysis.report.problems[known:]
    return None if broken else span


def _keys_by_value(table: Table) -> Mapping[str | Fraction, list[str]]:
    """The keys that stand for each label and for each number: several for one number overlap."""
    keys: dict[str | Fraction, list[str]] = {key: [key] for key in table}
    for key in table:
        number = read_number(key)
        if number is not None:
            keys.setdefault(number, []).append(key)
    return keys


def _quoted(words: Sequence[str]) -> str:
    shown = ", ".join(f"`{word}`" for word in words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"


def _columns(grain: Grain) -> str:
    return " and ".join(f"<{column}>" for column in grain)


def _each(grain: Grain) -> str:
    return "each row" if grain == BY_ROW else f"each {_columns(grain)}"


def _between(span: Span) -> str:
    low, high = (None if end is None else write_number(end) for end in (span.low, span.high))
    if low is None or high is None:
        return f"at {high} or below" if low is None else f"at {low} or above"
    return f"from {low} to {high}"


def _case_with(node: Node, name: str) -> Place | None:
    """Where the case stands that uses a name."""
    if isinstance(node, Cases):
        for case in node.cases:
            if name in names_of(Cases((case,))):
                return case.place
    return None


def _example(span: Span) -> str:
    if span.days:
        return "a day: days are only compared, in conditions"
    # A column of numbers with one slip in it is best told by the slip.
    words = sorted(span.labels, key=lambda word: (read_number(word) is not None, word))
    label = f"the label `{words[0]}`" if words else "a label"
    return f"{label}; give it a number first, with a map"


def listed(value: str | State) -> tuple[str, ...]:
    """The ids in a column that lists rows, parted by spaces."""
    return () if isinstance(value, State) else tuple(value.split())


def entries(table: Table) -> Iterator[Constant]:
    """Every result in a map's table."""
    for value in table.values():
        if isinstance(value, Mapping):
            yield from entries(value)
        else:
            yield value
