"""Everything that people do to a case. Each act is a form that is sent, never a page that is fetched.

An act answers a browser with the case as it now stands, htmx with where to go, and a caller that reads
JSON with what was done. What the domain refuses comes out as a page with its reason (`faults`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from undertow.cases import allowing, claims, decide, reading
from undertow.cases.policy import RESTRICTIVE
from undertow.errors import UndertowError
from undertow.review.asked import current, is_partial, now_of, store_of, wants_json
from undertow.review.guard import Refusal
from undertow.review.signin import own

router = APIRouter(prefix="/case/{case}")

Code = Annotated[str, Form(max_length=100)]
Word = Annotated[str, Form(max_length=40)]
Reason = Annotated[str, Form(max_length=4000)]
Hash = Annotated[str, Form(max_length=64)]
Revision = Annotated[int, Form(ge=0, le=2**31 - 1)]
Next = Annotated[str, Form(alias="next", max_length=100)]
Help = Literal["offered", "given", "declined"]
Weighed = Annotated[Literal["", "yes"], Form(alias="proportionate")]
"""The tick by which a person says that a milder outcome would not do."""


def done(request: Request, case: str, *, act: str | None = None, onward: str = "") -> Response:
    """Answer an act: the case again, or the next one of the person's queue where the form asked for it."""
    goes_to = _next_case(request, case) if onward else f"/case/{case}"
    if wants_json(request):
        return JSONResponse({"done": True, "case": case, "act": act})
    if is_partial(request):
        return Response(status_code=204, headers={"HX-Redirect": goes_to})
    return RedirectResponse(goes_to, 303)


def hold_weighed(weighed: str) -> None:
    """Refuse what acts on an account unless the person says that a milder outcome would not do.

    Raises:
        UndertowError: `not-weighed`.
    """
    if weighed != "yes":
        raise UndertowError(
            "what acts on an account is weighed against a milder outcome first",
            code="not-weighed",
            mend="tick that a milder outcome would not do, or choose one",
        )


def _next_case(request: Request, case: str) -> str:
    from undertow.cases.queue import View, queue

    page = queue(store_of(request), current(request), View(), now_of(request))
    codes = [row.code for row in page.rows if row.code != case]
    return f"/case/{codes[0]}" if codes else "/queue"


@router.post("/claim", name="claim")
def claim(request: Request, case: str) -> Response:
    """Take a case for half an hour; every act and every look renews it."""
    claims.claim(store_of(request), current(request), case, now_of(request))
    return done(request, case)


@router.post("/release", name="release")
def release(request: Request, case: str, onward: Next = "") -> Response:
    """Give a case back to the queue."""
    claims.release(store_of(request), current(request), case, now_of(request))
    return _to_queue(request, case) if not onward else done(request, case, onward=onward)


@router.post("/hand-over", name="hand_over")
def hand_over(request: Request, case: str, to: Code, note: Reason) -> Response:
    """Give a case to a named colleague, with a note."""
    claims.hand_over(store_of(request), current(request), case, to, note, now_of(request))
    return _to_queue(request, case)


@router.post("/skip", name="skip")
def skip(request: Request, case: str, reason: Word) -> Response:
    """Leave a case to others, for a reason in a word (`claims.SKIPS`)."""
    claims.skip(store_of(request), current(request), case, reason, now_of(request))
    return _to_queue(request, case)


def _to_queue(request: Request, case: str) -> Response:
    if wants_json(request):
        return JSONResponse({"done": True, "case": case, "act": None})
    if is_partial(request):
        return Response(status_code=204, headers={"HX-Redirect": "/queue"})
    return RedirectResponse("/queue", 303)


@router.post("/reveal", name="reveal")
def reveal(request: Request, case: str, passage: Code, why: Reason) -> Response:
    """Show one text to one person, who says why; the look is recorded before the text is seen.

    Whoever reads very many is asked again who they are.
    """
    store, standing, now = store_of(request), own(request), now_of(request)
    try:
        text = reading.reveal(
            store, standing.person, passage, why, now, proved_at=standing.proved_at
        )
    except UndertowError as fault:
        if fault.code != "reveal-proof":
            raise
        raise Refusal(
            fault.what, code=fault.code, mend=str(fault.mend), status=401, goes_to="/prove"
        ) from None
    return _shown(request, "passage.html", case=case, passage=passage, text=text)


@router.post("/reveal-identity", name="reveal_identity")
def reveal_identity(request: Request, case: str, code: Code, why: Reason) -> Response:
    """Show the native id behind a code to one person, who says why; the look is recorded before."""
    store, who = store_of(request), current(request)
    identity = reading.reveal_identity(store, who, code, why, now_of(request))
    return _shown(request, "identity.html", case=case, code=code, identity=identity)


def _shown(request: Request, part: str, **shown: str) -> Response:
    from undertow.review.rendering import render

    if wants_json(request):
        return JSONResponse(shown)
    if is_partial(request):
        return render(request, part, status=200, **shown)
    return render(request, "revealed.html", status=200, part=part, **shown)


@router.post("/judge", name="judge")
def judge(request: Request, case: str, outcome: Word) -> Response:
    """Say what one thinks before weight and suggestion are shown."""
    act = decide.judge_blind(
        store_of(request), current(request), case, outcome, now_of(request)
    )
    return done(request, case, act=act)


@router.post("/propose", name="propose")
def propose(  # noqa: PLR0913, PLR0917  # the fields of its form
    request: Request,
    case: str,
    outcome: Word,
    reason: Reason,
    dossier: Hash,
    revision: Revision,
    clause: Word = "",
    weighed: Weighed = "",
    onward: Next = "",
) -> Response:
    """Propose an outcome on what one has seen: its hash goes with it."""
    if outcome in RESTRICTIVE:
        hold_weighed(weighed)
    act = decide.propose(
        store_of(request),
        current(request),
        case,
        outcome=outcome,
        reason=reason,
        clause=clause or None,
        dossier_hash=dossier,
        revision=revision,
        now=now_of(request),
    )
    return done(request, case, act=act, onward=onward)


@router.post("/approve", name="approve")
def approve(
    request: Request,
    case: str,
    act: Code,
    dossier: Hash,
    revision: Revision,
    weighed: Weighed = "",
    onward: Next = "",
) -> Response:
    """Approve what another person proposed, on the same facts."""
    hold_weighed(weighed)
    store, standing, now = store_of(request), own(request), now_of(request)
    made = decide.approve(
        store, standing.person, act, dossier, revision, now, proved_at=standing.proved_at
    )
    return done(request, case, act=made, onward=onward)


@router.post("/disagree", name="disagree")
def disagree(
    request: Request,
    case: str,
    act: Code,
    dossier: Hash,
    revision: Revision,
    reason: Reason,
    onward: Next = "",
) -> Response:
    """Disagree with what another person proposed, with a reason."""
    store, who = store_of(request), current(request)
    made = decide.disagree(store, who, act, reason, dossier, revision, now_of(request))
    return done(request, case, act=made, onward=onward)


@router.post("/withdraw", name="withdraw")
def withdraw(request: Request, case: str, act: Code) -> Response:
    """Take back one's own proposal."""
    made = decide.withdraw(store_of(request), current(request), act, now_of(request))
    return done(request, case, act=made)


@router.post("/undo", name="undo")
def undo(request: Request, case: str, act: Code) -> Response:
    """Take back a decision before it leaves the desk."""
    made = decide.undo(store_of(request), current(request), act, now_of(request))
    return done(request, case, act=made)


@router.post("/help", name="help")
def help_target(
    request: Request,
    case: str,
    target: Code,
    help_: Annotated[Help, Form(alias="help")],
    note: Reason = "",
) -> Response:
    """Write that help for a target was offered, given or declined."""
    store, who = store_of(request), current(request)
    made = decide.help_target(store, who, case, target, help_, note, now_of(request))
    return done(request, case, act=made)


@router.post("/note", name="note")
def note(
    request: Request, case: str, words: Annotated[str, Form(alias="note", max_length=4000)]
) -> Response:
    """Leave a note for whoever reads the case next."""
    made = decide.note(store_of(request), current(request), case, words, now_of(request))
    return done(request, case, act=made)


@router.post("/appeal", name="appeal")
def appeal(request: Request, case: str, reason: Reason) -> Response:
    """Enter the appeal of the person concerned."""
    made = decide.appeal(store_of(request), current(request), case, reason, now_of(request))
    return done(request, case, act=made)


@router.post("/settle-appeal", name="settle_appeal")
def settle_appeal(
    request: Request,
    case: str,
    act: Code,
    upheld: Annotated[bool, Form()],
    reason: Reason,
) -> Response:
    """Decide an appeal; whoever proposed or approved what it is about may not."""
    store, who = store_of(request), current(request)
    made = decide.settle_appeal(store, who, act, upheld, reason, now_of(request))
    return done(request, case, act=made)


@router.post("/reopen", name="reopen")
def reopen(request: Request, case: str, reason: Reason) -> Response:
    """Open a closed case again, with a reason."""
    made = decide.reopen(store_of(request), current(request), case, reason, now_of(request))
    return done(request, case, act=made)


@router.post("/lift", name="lift")
def lift(
    request: Request, case: str, measure: Code, reason: Reason, revision: Revision
) -> Response:
    """End a measure in force on a case that was opened again; whoever proposed or approved it may not."""
    store, who = store_of(request), current(request)
    made = decide.lift(store, who, case, measure, reason, revision, now_of(request))
    return done(request, case, act=made)


@router.post("/allow", name="allow")
def allow(
    request: Request,
    case: str,
    reason: Reason,
    days: Annotated[int, Form(ge=1, le=allowing.DAYS)] = allowing.DAYS,
) -> Response:
    """Put the case's account on the allow-list: its cases go down the queue, its score stays."""
    store, who = store_of(request), current(request)
    account = _account(request, case)
    allowing.allow(store, who, account, reason, now_of(request), days=days)
    return done(request, case)


@router.post("/disallow", name="disallow")
def disallow(request: Request, case: str) -> Response:
    """Take the case's account off the allow-list."""
    account = _account(request, case)
    allowing.disallow(store_of(request), current(request), account, now_of(request))
    return done(request, case)


def _account(request: Request, case: str) -> str:
    with store_of(request).reading() as connection:
        return str(claims.row_of(connection, case).account)
