"""Asks a decision endpoint typed questions about a text.

Which of the documented forms an endpoint takes is known from the table of providers, or found out by the
first request. Questions that it leaves open, or answers with numbers that cannot be probabilities, are asked
again, and nothing else.

Knows no papers, labels or cards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import EndpointError, PapercardsError, PaperFailed
from ..spent import NOTHING, Spent
from .adapting import knows_no_model
from .completion import said_in
from .cut_short import check_read_whole
from .decisions import Chances, Question, body, read
from .endpoint_errors import said_by
from .pool import Sender
from .providers import Wire
from .refusals import Refused
from .transport import Outgoing

MAX_REASKS = 2
"""Maximum number of times that open questions are asked again."""
ANSWER_TOKENS = 1
"""Tokens that are counted as an answer before it is there; no text is written, and none is billed."""
_ABSENT = frozenset({404, 405, 501})
"""Statuses of an endpoint without decisions, or not in this form."""
_NAMED = 3
"""Questions that are named in an error."""


@dataclass(slots=True)
class Decided:
    """The answers to some questions so far, and their cost."""

    chances: dict[str, Chances] = field(default_factory=dict)
    """Probabilities by question id."""
    model: str = ""
    seconds: float = 0.0
    requests: int = 0
    spent: Spent = NOTHING


class Decider:
    """Asks one model, through a transport for each form that its endpoint may take."""

    def __init__(self, model_id: str, transports: Sequence[tuple[Wire, Sender]]) -> None:
        """`transports` are tried in order until one is answered."""
        self._model_id = model_id
        self._left = list(transports)
        self._all = list(transports)
        self._answered = False

    async def ask(self, state: str, questions: Sequence[Question]) -> Decided:
        """The probabilities of every question.

        Raises PaperFailed for this paper only, EndpointError if no request would be answered, BudgetSpent if
        it could cost more than is left.
        """
        total = Decided()
        wrong: dict[str, str] = {}
        for _ in range(1 + MAX_REASKS):
            open_ = [one for one in questions if one.id not in total.chances]
            try:
                wrong = await self._post(state, open_, total)
            except PapercardsError as error:
                error.spent = total.spent + (error.spent or NOTHING)
                if isinstance(error, PaperFailed):
                    error.attempts += total.requests
                raise
            if not wrong:
                total.seconds = round(total.seconds, 3)
                return total
        named = "; ".join(f"{name} {said}" for name, said in list(wrong.items())[:_NAMED])
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise PaperFailed(
            f"the endpoint's decisions stayed wrong: {named}{more}",
            next_step="Run the same command again; answers to other requests are kept",
            attempts=total.requests,
            alike="wrong answer",
            spent=total.spent,
        )

    async def _post(self, state: str, questions: Sequence[Question], total: Decided) -> dict[str, str]:
        """Send one request; what is wrong with its answers, by question id."""
        while True:
            form, transport = self._left[0]
            request = body(form, self._model_id, state, questions)
            try:
                sent = await transport.send(Outgoing(request, ANSWER_TOKENS))
            except PapercardsError as error:
                refusal = error.__cause__
                tried = self._left[0][0] == form  # else another request has found the form meanwhile
                if not isinstance(refusal, Refused) or (self._answered and tried):
                    raise
                if refusal.status in _ABSENT and not (refusal.status == 404 and knows_no_model(refusal)):
                    if tried and len(self._left) > 1:
                        del self._left[0]
                    elif tried:
                        raise self._no_decisions(refusal, transport) from error
                    continue
                if refusal.status in (400, 422):
                    error.next_step = error.next_step or "If it makes no decisions, use --plan one-call"
                raise
            break
        self._answered = True
        total.requests += sent.requests
        total.seconds += sent.seconds
        total.spent += sent.spent
        check_read_whole(sent.completion, [], state)  # not every server counts the questions
        total.model = said_in(sent.completion).model or self._model_id
        found, wrong = read(sent.completion, questions)
        total.chances |= found
        return wrong

    @staticmethod
    def _no_decisions(refusal: Refused, transport: Sender) -> EndpointError:
        said = said_by(refusal, transport.endpoint)
        return EndpointError(
            f"this endpoint has no decisions ({refusal.status}: {said})",
            where=transport.endpoint.shown_url,
            next_step="Use the plan one-call",
        )

    def stop(self) -> None:
        """Send no more requests."""
        for _, transport in self._all:
            transport.stop()

    async def close(self) -> None:
        """Close the connections."""
        for _, transport in self._all:
            await transport.close()
