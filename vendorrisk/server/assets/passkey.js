// Asks the browser for a passkey, or to make one, and sends what it gives with the form around the button.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function make(options, signal) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey, signal });
    return {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      of: made,
    };
  }

  async function ask(options, signal) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    };
    const given = await navigator.credentials.get({ publicKey, signal });
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
    const waiting = form.querySelector("[data-waiting]");
    let asking = null;
    // A browser may wait a minute for a passkey that is not there: nobody has to sit that out.
    waiting.querySelector("button").addEventListener("click", () => asking?.abort());
    button.addEventListener("click", async () => {
      if (asking) return;
      asking = new AbortController();
      failed.hidden = true;
      waiting.hidden = false;
      button.setAttribute("aria-disabled", "true");
      try {
        const options = JSON.parse(form.dataset.options);
        const way = form.dataset.passkey === "create" ? make : ask;
        const { of, ...response } = await way(options, asking.signal);
        form.elements.credential.value = JSON.stringify({ id: of.id, rawId: text(of.rawId), type: of.type, response });
        form.submit();
      } catch (error) {
        asking = null;
        failed.hidden = false;
        waiting.hidden = true;
        button.removeAttribute("aria-disabled");
      }
    });
  }
}
