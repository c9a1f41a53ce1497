"""Passkeys (WebAuthn) as second factor: registered once, asked at sign-in and as a proof of who one is.

The relying party is the host name in the address bar. A challenge is used once and lives two minutes, in
the memory of this process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import webauthn
from sqlalchemy import insert, select, update
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from undertow.cases.store import Store
from undertow.cases.tables import second_factors
from undertow.errors import UndertowError
from undertow.review.asked import Standing
from undertow.review.settings import MINUTE, Settings

LASTS: Final = 2 * MINUTE
MOST: Final = 10
"""Passkeys a person may hold."""
_FAULTY: Final = (WebAuthnException, KeyError, TypeError, ValueError)
"""What the library raises on a response that is not what it should be."""


class _Challenge(msgspec.Struct, frozen=True):
    purpose: str
    value: bytes
    until: int


class Passkeys:
    """Challenges that wait for their response, one per session."""

    def __init__(self) -> None:
        self.waiting: dict[str, _Challenge] = {}

    def registration(
        self, store: Store, standing: Standing, now: int, settings: Settings
    ) -> dict[str, Any]:
        """Give what the browser needs in order to make a passkey.

        Raises:
            UndertowError: `passkey-too-many`.
        """
        held = _credentials(store, standing.person.reviewer)
        if len(held) >= MOST:
            raise UndertowError(
                f"a person holds at most {MOST} passkeys",
                code="passkey-too-many",
                mend="use one that is there",
            )
        options = webauthn.generate_registration_options(
            rp_id=settings.name,
            rp_name="Undertow",
            user_id=standing.person.reviewer.encode(),
            user_name=standing.person.name,
            exclude_credentials=[PublicKeyCredentialDescriptor(one) for one in held],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
        self._wait(standing, "register", options.challenge, now)
        return json.loads(webauthn.options_to_json(options))  # type: ignore[no-any-return]  # an object of JSON

    def register(
        self,
        store: Store,
        standing: Standing,
        response: Mapping[str, Any],
        now: int,
        settings: Settings,
    ) -> None:
        """Keep the passkey that a browser has made.

        Raises:
            UndertowError: `passkey-refused`.
        """
        challenge = self._taken(standing, "register", now)
        try:
            made = webauthn.verify_registration_response(
                credential=dict(response),
                expected_challenge=challenge,
                expected_rp_id=settings.name,
                expected_origin=settings.origin,
            )
        except _FAULTY as fault:
            raise refused() from fault
        with store.writing() as connection:
            known = select(second_factors.c.credential).where(
                second_factors.c.credential == made.credential_id
            )
            if connection.execute(known).one_or_none() is not None:
                raise refused()
            connection.execute(
                insert(second_factors).values(
                    credential=made.credential_id,
                    reviewer=standing.person.reviewer,
                    public_key=made.credential_public_key,
                    sign_count=made.sign_count,
                    made_at=now,
                )
            )

    def request(
        self, store: Store, standing: Standing, now: int, settings: Settings
    ) -> dict[str, Any]:
        """Give what the browser needs in order to use a passkey of this person."""
        held = _credentials(store, standing.person.reviewer)
        options = webauthn.generate_authentication_options(
            rp_id=settings.name,
            allow_credentials=[PublicKeyCredentialDescriptor(one) for one in held],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        self._wait(standing, "use", options.challenge, now)
        return json.loads(webauthn.options_to_json(options))  # type: ignore[no-any-return]  # an object of JSON

    def use(
        self,
        store: Store,
        standing: Standing,
        response: Mapping[str, Any],
        now: int,
        settings: Settings,
    ) -> None:
        """Check the signature of a passkey of this person; its counter must have grown.

        Raises:
            UndertowError: `passkey-refused`.
        """
        challenge = self._taken(standing, "use", now)
        try:
            credential = webauthn.base64url_to_bytes(str(response["rawId"]))
        except _FAULTY as fault:
            raise refused() from fault
        own = (second_factors.c.credential == credential) & (
            second_factors.c.reviewer == standing.person.reviewer
        )
        with store.writing() as connection:
            row = connection.execute(select(second_factors).where(own)).one_or_none()
            if row is None:
                raise refused()
            try:
                used = webauthn.verify_authentication_response(
                    credential=dict(response),
                    expected_challenge=challenge,
                    expected_rp_id=settings.name,
                    expected_origin=settings.origin,
                    credential_public_key=row.public_key,
                    credential_current_sign_count=row.sign_count,
                )
            except _FAULTY as fault:
                raise refused() from fault
            connection.execute(
                update(second_factors).where(own).values(sign_count=used.new_sign_count)
            )

    def _wait(self, standing: Standing, purpose: str, value: bytes, now: int) -> None:
        self.waiting = {key: one for key, one in self.waiting.items() if one.until > now}
        self.waiting[standing.token_hash] = _Challenge(purpose, value, now + LASTS)

    def _taken(self, standing: Standing, purpose: str, now: int) -> bytes:
        waiting = self.waiting.pop(standing.token_hash, None)
        if waiting is None or waiting.purpose != purpose or waiting.until <= now:
            raise refused()
        return waiting.value


def refused() -> UndertowError:
    """Make the fault of a passkey that was not accepted; it says no more to whoever tries."""
    return UndertowError(
        "the passkey was not accepted", code="passkey-refused", mend="try once more"
    )


def _credentials(store: Store, reviewer: str) -> list[bytes]:
    asked = select(second_factors.c.credential).where(second_factors.c.reviewer == reviewer)
    with store.reading() as connection:
        return list(connection.execute(asked).scalars())
