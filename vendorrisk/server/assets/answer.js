// An answer card: a question, its choices and a note. What is typed is sent by itself and kept in
// this tab until the server has said that it stands; vendorrisk/ui/autosave.py is the other half.
//
// Every change is one edit: the whole reply and note, an id, and the version that they were made
// on. The server names in `done` the edit that it saved, in `problem` one that it refused, and in
// `theirs` one that it did not save because a colleague had saved something else meanwhile.

const PAUSE = 800; // milliseconds without typing after which a text is sent
const PATIENCE = 4000; // milliseconds without a reply after which an edit is sent again

const cards = new Map(); // by the element that Streamlit gives each card
let shownPlace, shownGoal; // which page of questions is open, and where a goal was scrolled to

const sheet = new CSSStyleSheet();
await fetch(new URL(`answer.css${new URL(import.meta.url).search}`, import.meta.url))
  .then((response) => response.text())
  .then((text) => sheet.replace(text));
document.adoptedStyleSheets.push(sheet);

export default function draw(component) {
  const root = component.parentElement;
  if (!cards.has(root)) cards.set(root, new Card(root));
  cards.get(root).update(component);
  return () => {
    cards.get(root)?.close();
    cards.delete(root);
  };
}

addEventListener("pagehide", () => cards.forEach((card) => card.send()));
document.addEventListener("visibilitychange", () => cards.forEach((card) => card.send()));
setInterval(() => cards.forEach((card) => card.sendAgain()), 1000);

class Card {
  constructor(root) {
    this.root = root;
    this.reply = null;
    this.note = "";
    this.version = 0; // of the saved answer that reply and note are based on
    this.changed = false; // since the last edit was sent
    this.sent = []; // edits on their way, the newest last
    this.refusal = null; // what the server said of the newest edit: a problem, or theirs
  }

  update(component) {
    this.component = component;
    this.data = component.data;
    const { reply, note, version, done, problem, theirs, ...shown } = component.data;
    const { saved, proof, attach, place, goal, ...question } = shown;
    const newest = this.sent.at(-1)?.id;
    if (this.question === undefined) {
      this.adopt();
      this.restore();
    } else if (newest && done === newest) {
      this.settle();
      this.version = version;
      if (this.changed) this.keep();
    } else if (newest && problem?.edit === newest) {
      this.settle(problem);
    } else if (newest && theirs?.edit === newest) {
      if (this.sent.some((edit) => same([edit.reply, edit.note], [theirs.reply, theirs.note]))) {
        this.insist(theirs.version); // "they" were us: an edit that was saved but never confirmed
      } else {
        this.settle(theirs);
      }
    } else if (!newest && !this.changed && !this.refusal && version !== this.version) {
      this.adopt();
    }
    if (this.question !== JSON.stringify(question)) {
      this.question = JSON.stringify(question);
      this.build();
    }
    this.show();
    if (place !== shownPlace) {
      shownPlace = place;
      document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
    }
    if (goal && place !== shownGoal) {
      shownGoal = place;
      this.focus();
      keepInView(this.card);
    }
  }

  // -- what is here and what is there ---------------------------------------------------------

  adopt() {
    this.reply = this.data.reply;
    this.note = this.data.note;
    this.version = this.data.version;
    this.refusal = null;
  }

  settle(refusal = null) {
    this.sent = [];
    if (!this.changed) this.refusal = refusal;
    if (!this.changed && !refusal) this.forget();
  }

  get disputed() {
    return this.refusal?.who !== undefined;
  }

  change(reply, note = this.note) {
    this.reply = reply;
    this.note = note;
    this.changed = true;
    if (!this.disputed) this.refusal = null;
    this.keep();
    this.show();
  }

  insist(version) {
    this.settle();
    this.version = version;
    this.refusal = null;
    this.changed = true;
    this.keep();
    this.send();
  }

  type(reply, note) {
    this.change(reply, note);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), PAUSE);
  }

  choose(reply) {
    this.change(reply);
    this.send();
  }

  send() {
    clearTimeout(this.timer);
    if (!this.changed || this.disputed || !this.data.open) return;
    this.changed = false;
    const edit = {
      id: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
      reply: this.reply,
      note: this.note,
      seen: this.version,
      after: this.sent.map((earlier) => earlier.id),
    };
    this.sent.push(edit);
    this.hand(edit);
    this.show();
  }

  hand(edit) {
    this.sentAt = connected() ? Date.now() : 0;
    if (connected()) this.component.setStateValue("edit", edit);
  }

  sendAgain() {
    const newest = this.sent.at(-1);
    if (!newest || Date.now() - this.sentAt < PATIENCE) return;
    this.hand(newest);
    this.show();
  }

  keep() {
    const { reply, note, version: seen } = this;
    try {
      sessionStorage.setItem(this.data.store, JSON.stringify({ reply, note, seen }));
    } catch {} // a browser that stores nothing still sends
  }

  forget() {
    try {
      sessionStorage.removeItem(this.data.store);
    } catch {}
  }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(this.data.store));
    } catch {}
    if (!kept || !this.data.open) return;
    const { reply, note } = this.data;
    if (same([kept.reply, kept.note], [reply, note])) return this.forget();
    this.reply = kept.reply;
    this.note = kept.note;
    this.version = kept.seen;
    this.changed = true;
    this.timer = setTimeout(() => this.send(), 0);
  }

  close() {
    this.send();
    clearTimeout(this.timer);
  }

  focus() {
    const chosen = this.card.querySelector("input:checked");
    (chosen ?? this.card.querySelector("input, textarea"))?.focus({ preventScroll: true });
  }

  // -- what is seen ---------------------------------------------------------------------------

  build() {
    const { data } = this;
    const focused = this.card?.contains(document.activeElement);
    const grouped = data.kind === "one_of" || data.kind === "many_of";
    this.inputs = new Map();
    this.card = el(grouped ? "fieldset" : "div", {
      class: "answer",
      disabled: grouped && !data.open,
      "aria-describedby": data.help ? `${data.name}-help` : null,
    });
    const title = [
      el("span", { class: "answer-code" }, data.code ?? ""),
      el("span", {}, data.ask),
    ];
    this.card.append(
      grouped
        ? el("legend", { class: "answer-ask" }, ...title)
        : el("label", { class: "answer-ask", for: `${data.name}-reply` }, ...title),
      el("p", { class: "answer-who" }, data.who),
      ...(data.because ? [el("p", { class: "answer-because" }, data.because)] : []),
      ...this.help(),
      ...(grouped ? this.choices() : [this.field()]),
      ...this.others(),
      this.noteField(),
      this.foot(),
    );
    this.card.addEventListener("focusout", () => this.send());
    if (this.drawn) this.drawn.replaceWith(this.card);
    else this.root.append(this.card);
    this.drawn = this.card;
    if (focused) this.focus();
  }

  help() {
    const { help, name } = this.data;
    if (!help) return [];
    if (help.length <= 180) return [el("p", { class: "answer-help", id: `${name}-help` }, help)];
    const sentence = help.match(/^.{20,160}?\.(?=\s)/s)?.[0];
    return [
      el(
        "details",
        { class: "answer-help", id: `${name}-help` },
        el("summary", {}, sentence ?? "What this means"),
        el("span", {}, sentence ? help.slice(sentence.length).trim() : help),
      ),
    ];
  }

  option(type, value, says, onChange) {
    const input = el("input", { type, name: this.data.name, value, disabled: !this.data.open });
    input.addEventListener("change", () => onChange(input.checked));
    this.inputs.set(value, input);
    return el("label", { class: "answer-option" }, input, el("span", {}, says));
  }

  choices() {
    const { kind, choices } = this.data;
    if (kind === "one_of") {
      return choices.map(({ id, says }) =>
        this.option("radio", id, says, () => this.choose(id)),
      );
    }
    return choices.map(({ id, says }) =>
      this.option("checkbox", id, says, (ticked) => {
        const before = Array.isArray(this.reply) ? this.reply : [];
        const after = ticked ? [...before, id] : before.filter((other) => other !== id);
        const reply = choices.map((choice) => choice.id).filter((one) => after.includes(one));
        this.choose(reply.length ? reply : null);
      }),
    );
  }

  // "Don't know" and "not applicable" are answers too, set apart so that nobody takes them for
  // one more step on the scale.
  others() {
    const { kind, dont_know, not_applicable } = this.data;
    const type = kind === "one_of" ? "radio" : "checkbox";
    const options = [];
    if (dont_know) {
      options.push(
        this.option(type, "*dont_know", "Don’t know", (on) =>
          this.choose(on ? { dont_know: true } : null),
        ),
      );
    }
    if (not_applicable) {
      options.push(
        this.option(type, "*not_applicable", `Not applicable: ${lowered(not_applicable)}`, (on) =>
          this.choose(on ? { not_applicable } : null),
        ),
      );
    }
    if (!options.length) return [];
    return [el("div", { class: "answer-others" }, ...options)];
  }

  field() {
    const { kind, name, unit, at_least, at_most, open } = this.data;
    const attributes = { id: `${name}-reply`, disabled: !open };
    const input =
      kind === "text"
        ? el("textarea", { ...attributes, rows: 3 })
        : kind === "date"
          ? el("input", { ...attributes, type: "date", min: at_least, max: at_most })
          : el("input", { ...attributes, type: "text", inputmode: "decimal", autocomplete: "off" });
    input.addEventListener("input", () => this.type(this.read(input.value)));
    this.inputs.set("*field", input);
    if (kind !== "number") return input;
    const range = [at_least && `at least ${at_least}`, at_most && `at most ${at_most}`];
    return el(
      "div",
      { class: "answer-number" },
      input,
      el("span", {}, [unit, ...range].filter(Boolean).join(", ")),
    );
  }

  read(typed) {
    if (this.data.kind === "text") return typed.trim() ? typed : null;
    const trimmed = typed.trim();
    if (this.data.kind === "date" || trimmed === "") return trimmed || null;
    return /^[+-]?\d+\.?\d*$/.test(trimmed) ? Number(trimmed) : trimmed; // the server explains
  }

  noteField() {
    const { name, open } = this.data;
    this.noteInput = el("textarea", { id: `${name}-note`, rows: 2, disabled: !open });
    this.noteInput.addEventListener("input", () => this.type(this.reply, this.noteInput.value));
    this.noteLabel = el("label", { for: `${name}-note` });
    this.noteButton = el("button", { type: "button", class: "answer-quiet" }, "Add a note");
    this.noteButton.addEventListener("click", () => {
      this.noting = true;
      this.show();
      this.noteInput.focus();
    });
    this.noteArea = el("div", { class: "answer-note" }, this.noteLabel, this.noteInput);
    return this.noteArea;
  }

  foot() {
    this.status = el("span", { class: "answer-status", role: "status" });
    this.alert = el("div", { class: "answer-alert", role: "alert" });
    this.proof = el("details", { class: "answer-proof" });
    this.shownProof = this.shownRefusal = undefined;
    this.attach = el("button", { type: "button", class: "answer-quiet" });
    this.attach.addEventListener("click", () => this.component.setTriggerValue("attach", true));
    this.clear = el("button", { type: "button", class: "answer-quiet" }, "Clear this answer");
    this.clear.addEventListener("click", () => {
      this.choose(null);
      this.focus();
    });
    return el(
      "div",
      {},
      this.alert,
      el("div", { class: "answer-foot" }, this.noteButton, this.attach, this.clear, this.status),
      this.proof,
    );
  }

  show() {
    const { data, reply } = this;
    const said = (value) =>
      value === "*dont_know"
        ? reply?.dont_know === true
        : value === "*not_applicable"
          ? reply?.not_applicable !== undefined
          : Array.isArray(reply)
            ? reply.includes(value)
            : reply === value;
    for (const [value, input] of this.inputs) {
      if (value === "*field") {
        const given = reply === null || typeof reply === "object" ? null : reply;
        if (!same(this.read(input.value), given)) input.value = given ?? "";
      } else {
        input.checked = said(value);
      }
    }
    if (this.noteInput.value !== this.note) this.noteInput.value = this.note;
    const chosen = data.choices.filter(({ id }) => said(id));
    const detail = chosen.find((choice) => choice.detail)?.detail;
    const ground = reply?.not_applicable !== undefined && "Say why this does not apply to you";
    this.noteLabel.textContent = detail || ground || "Note, such as “yes, except …”";
    const wanted = Boolean(detail || ground);
    this.noteArea.classList.toggle("answer-wanted", wanted && !this.note.trim());
    const noting = wanted || this.noting || this.note !== "";
    this.noteArea.hidden = !noting;
    this.noteButton.hidden = noting || !data.open || data.kind === "text";
    this.attach.textContent = data.attach;
    this.attach.hidden = !data.attach;
    this.clear.hidden = reply === null || !data.open;
    this.card.classList.toggle("answer-given", reply !== null);
    this.status.textContent = this.said();
    this.showProof();
    this.showRefusal();
  }

  showProof() {
    const { proof } = this.data;
    if (this.shownProof === JSON.stringify(proof)) return;
    this.shownProof = JSON.stringify(proof);
    this.proof.replaceChildren();
    this.proof.hidden = !proof;
    if (!proof) return;
    const titles = proof.kinds.map(({ title }) => title).join(" · ");
    const explained = proof.kinds.map(({ title, help }) =>
      el("li", {}, el("b", {}, title), `: ${help}`),
    );
    this.proof.append(
      el("summary", {}, el("b", {}, "What would show this: "), proof.says || titles),
      el("ul", {}, ...explained),
    );
  }

  said() {
    if (this.refusal || this.changed) return "Not saved yet";
    if (!this.sent.length) return this.data.saved;
    return connected() ? "Saving …" : "No connection. Kept in this tab until it is back.";
  }

  showRefusal() {
    const { refusal } = this;
    if (this.shownRefusal === refusal) return;
    this.shownRefusal = refusal;
    this.alert.replaceChildren();
    if (!refusal) return;
    if (!this.disputed) {
      this.alert.append(el("p", {}, el("b", {}, refusal.sentence), ` ${refusal.fix}`));
      if (refusal.passing) {
        const again = el("button", { type: "button" }, "Try again");
        again.addEventListener("click", () => this.insist(this.version));
        this.alert.append(el("div", { class: "answer-choice" }, again));
      }
      return;
    }
    const take = el("button", { type: "button" }, "Keep theirs");
    take.addEventListener("click", () => {
      this.forget();
      this.changed = false;
      this.adopt();
      this.show();
      this.focus();
    });
    const insist = el("button", { type: "button" }, "Save mine instead");
    insist.addEventListener("click", () => this.insist(refusal.version));
    this.alert.append(
      el("p", {}, el("b", {}, `${refusal.who} changed this answer ${refusal.when}.`), " Yours is not saved yet."),
      el("p", {}, `Theirs: ${this.inWords(refusal.reply)}`),
      ...(refusal.note ? [el("p", {}, `Their note: ${refusal.note}`)] : []),
      ...(same(refusal.reply, this.reply) ? [] : [el("p", {}, `Yours: ${this.inWords(this.reply)}`)]),
      el("div", { class: "answer-choice" }, take, insist),
    );
  }

  inWords(reply) {
    const says = (id) => this.data.choices.find((choice) => choice.id === id)?.says ?? String(id);
    if (reply === null) return "no answer";
    if (Array.isArray(reply)) return reply.map(says).join("; ");
    if (typeof reply !== "object") return says(reply);
    return reply.dont_know ? "Don’t know" : "Not applicable";
  }
}

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The cards above grow while the page is drawn, so one look is not enough; whoever scrolls or
// types meanwhile is not pulled back.
function keepInView(card) {
  const look = () => card.scrollIntoView({ block: "center" });
  const watching = new ResizeObserver(look);
  for (let box = card.parentElement; box; box = box.parentElement) watching.observe(box);
  const stop = () => watching.disconnect();
  for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(kind, stop, { once: true, capture: true, passive: true });
  }
  setTimeout(stop, 3000);
  look();
}

function lowered(sentence) {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function connected() {
  const app = document.querySelector("[data-test-connection-state]");
  return app === null || app.dataset.testConnectionState === "CONNECTED";
}
