// Asks the browser for a passkey, or to make one, and sends what it gives with the form around the button.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function make(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      of: made,
    };
  }

  async function ask(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    };
    const given = await navigator.credentials.get({ publicKey });
    return {
      clientDataJSON: text(given.response.clientDataJSON),
      authenticatorData: text(given.response.authenticatorData),
      signature: text(given.response.signature),
      userHandle: given.response.userHandle ? text(given.response.userHandle) : null,
      of: given,
    };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button.action");
    const failed = form.querySelector("[data-failed]");
    button.addEventListener("click", async () => {
      failed.hidden = true;
      button.setAttribute("aria-disabled", "true");
      try {
        const options = JSON.parse(form.dataset.options);
        const { of, ...response } = await (form.dataset.passkey === "create" ? make(options) : ask(options));
        form.elements.credential.value = JSON.stringify({ id: of.id, rawId: text(of.rawId), type: of.type, response });
        form.submit();
      } catch (error) {
        failed.hidden = false;
        button.removeAttribute("aria-disabled");
      }
    });
  }
}
