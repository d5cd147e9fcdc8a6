"""The pass ``parse``: from a source to what was written in it. Every mistake of a file is found in one run."""

from __future__ import annotations

import re
from dataclasses import replace

from hdsl.diagnostics import catalogue_component as components
from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.suggest import nearest
from hdsl.syntax.bodies import Body
from hdsl.syntax.expressions import TooDeep
from hdsl.syntax.lines import Line, cut
from hdsl.syntax.lost import declared_by, declared_elsewhere, is_nameless
from hdsl.syntax.mistakes import PRIMES, Failure, explain, explain_start, read_words
from hdsl.syntax.names import ascii_spelling
from hdsl.syntax.read import LARGEST_FILE
from hdsl.syntax.source import Source, Span
from hdsl.syntax.statements import StatementMaker
from hdsl.syntax.tree import (
    Component,
    Documented,
    Learn,
    ModelName,
    ModelText,
    Return,
    Setting,
    Statement,
    Use,
    Version,
)
from hdsl.syntax.unseen import hidden, invisible, turned
from hdsl.syntax.words import (
    DECLARING,
    KEYWORDS,
    PYTHON_WORDS,
    SETTINGS,
    STATEMENTS,
)

MOST_MISTAKES = 500
GUESSED = -2  # what may have been a `learn`: settings below it are left out, and no other line is taken for one

_FIRST = re.compile(rf"([^\W\d]\w*(?:\.\w+)*)([{PRIMES}]?)")
_SETS = re.compile(r"[^\W\d][\w.]*\s*=(?!=)")
_FILE = re.compile(r'\.ham"')
_LONE = re.compile(r"\W*\w*\W*")
_BODILESS = re.compile(r"component\s")
_QUOTIENT = re.compile(r"d(\w+)\s*/\s*dt\b")


def parse(source: Source) -> tuple[ModelText, tuple[Diagnostic, ...]]:
    """What a text says, and what is wrong with how it says it.

    A statement with an error is left out of the tree; the names that it would have declared are in ``unread``. Never
    raises for anything that a text may hold.
    """
    if source.used:
        return _parse_all(source)
    nothing = ModelText(source, (), unread=frozenset({""}))  # of a text that is not read at all
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FILE:
        return nothing, (catalogue.file_too_large(Span(0, 0), size, LARGEST_FILE),)
    zero = source.text.find("\0")
    if zero >= 0:  # not a text at all: a message for each of its lines would help nobody
        return nothing, (catalogue.character(Span(zero, zero + 1), "\0"),)
    lines, found = cut(source)
    reader = _Reader(source)
    for line in lines:
        reader.take(line)
    mistakes = sorted((*found, *reader.found, *turned(source, lines)), key=lambda diagnostic: diagnostic.span)
    if mistakes:
        reader.unread.add("")
    if len(mistakes) > MOST_MISTAKES:
        mistakes[MOST_MISTAKES:] = [catalogue.too_many_mistakes(mistakes[MOST_MISTAKES].span, MOST_MISTAKES)]
    return reader.finish(), tuple(mistakes)


def _parse_all(source: Source) -> tuple[ModelText, tuple[Diagnostic, ...]]:
    """A file with those that it uses: of these only components and functions count, and what is wrong with them."""
    (_, end, name), *used = source.regions
    text, found = parse(Source(source.text[:end], name, missing=source.missing))
    statements, unread = list(text.statements), set(text.unread)
    broken, nameless = text.broken, text.nameless
    for start, end, _ in used:
        # Blanks stand for what is before the file, so that its places are those in the whole.
        more, wrong = parse(Source(" " * start + source.text[start:end], missing=source.missing))
        statements += [statement for statement in more.statements if isinstance(statement, Component)]
        unread |= more.unread
        broken += more.broken
        nameless += more.nameless
        found += wrong
    return ModelText(source, tuple(statements), text.doc, frozenset(unread), broken, nameless), found


class _Reader:
    """The state of one walk over the lines of a file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.statements: list[Statement] = []
        self.found: list[Diagnostic] = []
        self.unread: set[str] = set()
        self.nameless = 0
        self.docs: list[str] = []  # of the file
        self.bodies: list[Body] = []  # the component whose lines are being read, the innermost last
        self.broken: list[Component] = []
        self.settings: list[Setting] | None = None  # of the `learn` that is open
        self.learn = 0  # its place among the statements; below 0 where it is lost, GUESSED where it may be
        self.taken = 0
        self.lost: set[str] = set()  # `use` and `component`, where one could not be read
        self.block: int | None = None  # indentation of the head of a Python block: what is further in belongs to it
        self.hanging: int | None = None  # indentation of the last statement, if it ended where a value was missing
        self.continues = False  # the last line ended with a backslash, which has its message
        self.invisible = invisible(self.text)

    def take(self, line: Line) -> None:
        """Read one line."""
        text = self.text[line.span.start : line.span.end]
        continues, self.continues = self.continues, text.endswith("\\")
        if line.brace == "}" and self.bodies:
            self._end_body(line)
            return
        if continues or (self.block is not None and self._indentation(line) > self.block):
            if line.brace == "{":
                self.bodies.append(Body(None))
            return
        self.block = None
        found = len(self.found)
        self._take(line, text)
        if self.bodies and len(self.found) > found:
            self.bodies[-1].whole = False
        if line.brace != "{" and len(self.found) == found and _BODILESS.match(text) and not self.bodies:
            head = self.statements.pop()
            assert isinstance(head, Component)
            self.found.append(components.body_missing(line.span, head.name))
            self._lose(head.name)
        if line.brace:
            self._open_body(len(self.found) > found)

    def _take(self, line: Line, text: str) -> None:
        """Read one line that is no brace."""
        first = _FIRST.match(text)
        word = first.group(1) if first else ""
        if self._goes_on(line, text, first):
            return
        self.taken += 1
        found, open_before = len(self.found), self.settings is not None
        if word in KEYWORDS or (first and first.group(2)):
            self._close_learn()
        self._take_statement(line, text, first, word)
        if open_before and self.settings is None and len(self.found) > found and _SETS.match(text):
            self._open_learn(Span(0, 0), None, GUESSED)  # a setting with a slip in its first word, perhaps

    def _take_statement(self, line: Line, text: str, first: re.Match[str] | None, word: str) -> None:
        mistake = line.mistake or hidden(line.span, self.text, self.invisible)
        if mistake:
            self.found.append(mistake)
            self._give_up_from(text)
        elif first is None:
            self._stray(line, text)
        elif first.group(2):
            self._derivative(line, text, word)
        elif word == "def" and text.endswith(":"):
            self.found.append(catalogue.python_block(Span(line.span.end - 1, line.span.end), function=True))
            self._give_up(text, word)
            self._skip_block(line, text)
        elif word in STATEMENTS:
            self._read(line, text, "statement", STATEMENTS[word])
        else:
            self._other(line, text, word)

    # --- what a line may be ------------------------------------------------------------------------------------------

    def _read(self, line: Line, text: str, start: str, writing: str) -> None:
        """Read a line by a rule of the grammar."""
        maker = StatementMaker(line.span.start)
        tree = read_words(text, line.span.start, start, writing)
        if isinstance(tree, Failure):
            maker.found.append(explain(tree))
            self.hanging = self._indentation(line) if tree.hangs else None
        else:
            try:
                made = maker.make(tree)
            except TooDeep as error:
                maker.found.append(error.diagnostic)
        if maker.found:
            self.found += maker.found
            self._give_up(text, _FIRST.match(text)[1])  # type: ignore[index]
        elif isinstance(made, Setting):
            assert self.settings is not None
            self.settings.append(made)
        else:
            doc = self._document(line, made[0])
            for statement in made:
                self._add(replace(statement, doc=doc) if isinstance(statement, Documented) else statement)

    def _derivative(self, line: Line, text: str, word: str) -> None:
        if "." in word:
            self.found.append(catalogue.dotted_name(Span(line.span.start, line.span.start + len(word)), word))
            self._give_up(text, word)
        else:
            self._read(line, text, "statement", f"the dynamics of `{catalogue.clipped(word)}`")

    def _other(self, line: Line, text: str, word: str) -> None:
        """A line that starts with a word which is no keyword: a setting, or a mistake."""
        rest = text[len(word) :].lstrip()
        defines = rest.startswith("=") and not rest.startswith("==")
        known = word.split(".")[0] in SETTINGS
        span = Span(line.span.start, line.span.start + len(word))
        if self.settings is not None and (known or (defines and self.learn != GUESSED)):
            self._read(line, text, "setting", f"the setting `{catalogue.clipped(word)}`")
            return
        quotient = _QUOTIENT.match(text)
        if word in PYTHON_WORDS:
            self.found.append(catalogue.python(span, word))
            self.unread |= declared_by(text, word) if not text.endswith(":") else set()
            self._skip_block(line, text)
        elif text.endswith(":"):
            self.found.append(catalogue.python_block(Span(line.span.end - 1, line.span.end)))
            self._skip_block(line, text)
        elif rest[:1] in tuple(PRIMES):
            at = line.span.end - len(rest)
            apart = Span(line.span.start + len(word), at)
            self.found.append(catalogue.prime_misplaced(Span(at, at + 1), word, apart))
            self.unread.add(ascii_spelling(word) + "'")
        elif quotient:
            span = Span(line.span.start, line.span.start + quotient.end())
            self.found.append(catalogue.derivative_quotient(span, quotient.group(), quotient.group(1)))
            self.unread.add(ascii_spelling(quotient.group(1)) + "'")
        elif defines and known:
            self.found.append(catalogue.outside_learn(span, word))
            self._open_learn(Span(0, 0), None, GUESSED)
        elif rest.startswith("="):
            self.found.append(catalogue.missing_keyword(span, word))
            self.unread |= declared_by(text, word) if rest.count("=") > 1 else {ascii_spelling(word)}
        else:
            near = nearest(word, KEYWORDS)
            self.found.append(catalogue.unknown_statement(span, word, near))
            self._give_up(text, near or word)
            self._guess(text, "" if near in DECLARING or near == "dim" else word)

    def _stray(self, line: Line, text: str) -> None:
        """A line that starts with no word at all."""
        self.found.append(explain_start(text, line.span.start, below=self.taken > 1))
        self._give_up_from(text)
        self._guess(text, "")

    # --- what follows from a mistake ---------------------------------------------------------------------------------

    def _give_up(self, text: str, word: str) -> None:
        """Note what a line would have declared; ``word`` is its keyword or the nearest to it."""
        if word in ("use", "component", "def"):
            self.lost.add(word)
        self.unread |= declared_by(text, word)
        if is_nameless(text, word):
            self.nameless += 1
            self.lost |= {"use"} if word in ("component", "def") else set()
        if word == "learn":
            self._open_learn(Span(0, 0), None)

    def _give_up_from(self, text: str) -> None:
        """The same from a line's first word on, whatever signs stand before it."""
        first = _FIRST.search(text)
        if first and (first.start() == 0 or first.group(1) in KEYWORDS):
            self._give_up(text[first.start() :], first.group(1))

    def _guess(self, text: str, word: str) -> None:
        """Note what a line may have been that starts with no keyword."""
        self.unread |= declared_by(text, word) if word else set()
        self.lost |= {"use"} if _FILE.search(text) else set()
        if self.settings is None and _LONE.fullmatch(text):
            self._open_learn(Span(0, 0), None, GUESSED)

    def _skip_block(self, line: Line, text: str) -> None:
        if text.endswith(":"):
            self.block = self._indentation(line)

    def _goes_on(self, line: Line, text: str, first: re.Match[str] | None) -> bool:
        """True for a line that is the rest of one that ended too early: further in, and no statement of its own."""
        hanging, self.hanging = self.hanging, None
        if hanging is None or self._indentation(line) <= hanging:
            return False
        if first and (first.group(1) in KEYWORDS or first.group(2) or _SETS.match(text)):
            return False
        self.found[-1] = catalogue.goes_on(self.found[-1])
        self.hanging = hanging
        return True

    def _indentation(self, line: Line) -> int:
        return line.span.start - (self.text.rfind("\n", 0, line.span.start) + 1)

    # --- the tree ----------------------------------------------------------------------------------------------------

    def _add(self, statement: Statement) -> None:
        if self.bodies:
            self._add_to_body(statement)
        elif isinstance(statement, Use) and statement.path in dict(self.source.missing):
            why = dict(self.source.missing)[statement.path]
            self.found.append(components.not_found(statement.path_span, statement.path, why))
            self.lost.add("use")
        elif isinstance(statement, Return):
            self.found.append(components.return_outside(statement.span))
        elif isinstance(statement, Learn):
            self._open_learn(statement.span, statement)
        elif isinstance(statement, Version) and self.taken > 1:
            self.found.append(catalogue.version_not_first(statement.span))
        else:
            self.statements.append(statement)

    # --- components --------------------------------------------------------------------------------------------------

    def _open_body(self, wrong: bool) -> None:
        """Begin the body of the component whose head was the last statement read."""
        last = self.statements[-1] if self.statements and not wrong and not self.bodies else None
        head = last if isinstance(last, Component) else None
        if head:
            self.statements.pop()
        else:
            self.lost.add("component")
        self.bodies.append(Body(head))

    def _add_to_body(self, statement: Statement) -> None:
        mistake = self.bodies[-1].add(statement, self.text[statement.span.start :].split(maxsplit=1)[0])
        if mistake:
            self.found.append(mistake)
            if isinstance(statement, Learn):
                self._open_learn(Span(0, 0), None)

    def _end_body(self, line: Line) -> None:
        """Put the component together."""
        self._close_learn()
        body = self.bodies.pop()
        component, missing = body.component(line.span.end), body.missing()
        if missing:
            self.found.append(missing)
        if component:
            self.statements.append(component)
        elif body.head:
            self._lose(body.head.name)
            self._break(body, line.span.end)

    def _break(self, body: Body, end: int) -> None:
        broken = body.broken(end)
        self.broken += [broken] if broken else []

    def _document(self, line: Line, statement: Statement) -> str:
        """The doc comment of a statement. Before the first declaration an empty line parts the file's from its own."""
        whole = "\n".join(filter(None, (line.apart, line.doc)))
        if isinstance(statement, Version | ModelName):
            self.docs.append(whole)
            return whole
        first = not self.bodies and all(isinstance(earlier, Version | ModelName) for earlier in self.statements)
        if first and line.apart and isinstance(statement, Documented):
            self.docs.append(line.apart)
            return line.doc
        return whole

    def _open_learn(self, span: Span, statement: Learn | None, lost: int = -1) -> None:
        """Start a list of settings; of a `learn` line with a mistake in it they are read and left out."""
        self._close_learn()
        self.settings = []
        self.learn = len(self.statements) if statement else lost
        if statement:
            self.statements.append(statement)

    def _close_learn(self) -> None:
        settings, self.settings = self.settings, None
        if settings and self.learn >= 0:
            opened = self.statements[self.learn]
            span = Span(opened.span.start, settings[-1].span.end)
            self.statements[self.learn] = Learn(tuple(settings), span)

    def finish(self) -> ModelText:
        """The tree."""
        self._close_learn()
        for body in self.bodies:
            if body.head:
                self._lose(body.head.name)
                self._break(body, len(self.text))
        self.unread |= declared_elsewhere(self.text, self.lost)
        told = "\n".join(filter(None, self.docs)), frozenset(self.unread), tuple(self.broken), self.nameless
        return ModelText(self.source, tuple(self.statements), *told)

    def _lose(self, component: str) -> None:
        """Leave out a component whose head could be read."""
        self.unread.add(component)
        self.lost.add("component")
