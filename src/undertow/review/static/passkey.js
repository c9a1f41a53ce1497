// Passkeys: asks the desk for a challenge, the browser for an answer, and sends that back.
"use strict";

const STEPS = {
  add: { options: "/passkey/options", answer: "/passkey", make: "create" },
  use: { options: "/second-factor/options", answer: "/second-factor", make: "get" },
};

async function asked(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function run(button) {
  const step = STEPS[button.dataset.passkey];
  const fault = document.querySelector("[data-passkey-fault]");
  fault.hidden = true;
  button.disabled = true;
  try {
    const options = await asked(step.options, {});
    const publicKey =
      step.make === "create"
        ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
        : PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials[step.make]({ publicKey });
    await asked(step.answer, credential.toJSON());
    window.location.assign(button.dataset.next);
  } catch {
    fault.hidden = false;
    button.disabled = false;
  }
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.addEventListener("click", () => run(button));
}
