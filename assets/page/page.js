"use strict";
// The server draws; this puts what it sends in place, and sends what is clicked.
const body = document.body, said = document.getElementById("said"), lost = document.getElementById("lost");

// What is done here is signed with a key, which comes in the fragment: browsers send that to nobody. Out of the address
// bar with it. It is kept for this tab alone, which can then be loaded again, and not as a cookie: every port of this
// machine is sent those. A key of an earlier start of aztray opens nothing.
let key = "";
function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key") || "", start = body.dataset.start + " ";
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  try {
    if (given) sessionStorage.setItem("key", start + given);
    const kept = sessionStorage.getItem("key") || "";
    return kept.startsWith(start) ? kept.slice(start.length) : "";
  } catch { // the browser keeps nothing
    return given;
  }
}

const hex = bytes => Array.from(new Uint8Array(bytes), b => b.toString(16).padStart(2, "0")).join("");

// The server has the same words in key.go.
async function send(does, sent) {
  const path = "/actions/" + does, at = Date.now(), nonce = hex(crypto.getRandomValues(new Uint8Array(16))), text = new TextEncoder();
  const by = await crypto.subtle.importKey("raw", text.encode(key), {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", by, text.encode(["POST", path, at, nonce, sent].join("\n")));
  return fetch(path, {method: "POST", body: sent, headers: {"Content-Type": "application/x-www-form-urlencoded",
    "X-Aztray-Signature": at + " " + nonce + " " + hex(mac)}});
}

const locked = document.getElementById("locked");
function may(yes) {
  body.dataset.may = yes ? "yes" : "no";
  locked.hidden = yes;
}

async function unlock() {
  key = takeKey();
  if (!key) return may(false);
  try {
    may((await send("check", "")).ok);
  } catch { // what is pressed will say why
    may(true);
  }
}
addEventListener("hashchange", unlock); // the address was pasted into this tab
unlock();

function show(name, html) {
  const part = document.getElementById(name);
  const focus = part.contains(document.activeElement) ? document.activeElement.id : "";
  const row = focus && document.activeElement.closest("tbody");
  const open = [...part.querySelectorAll("details[open]")].map(d => d.id);
  const list = part.querySelector(".list"), scrolled = list ? list.scrollTop : 0;
  const picked = part.querySelector("select");
  const choice = picked && picked.dataset.touched ? picked.value : "";
  part.innerHTML = html;
  for (const id of open) {
    const d = document.getElementById(id);
    if (d) d.open = true;
  }
  const again = part.querySelector(".list");
  if (again) again.scrollTop = scrolled;
  const select = part.querySelector("select");
  if (select && choice) {
    select.value = choice;
    select.dataset.touched = "1";
  }
  // An answered question's button is gone: the next Enter must not fall on what is first on the part, Restart.
  const near = row ? document.getElementById(row.id) : part.querySelector("button");
  if (focus) (document.getElementById(focus) || near || part).focus();
}

function away() {
  if (!lost.hidden) return;
  lost.textContent = "aztray does not answer. What you see is how things stood at " + new Date().toLocaleTimeString() + ".";
  lost.hidden = false;
  for (const part of document.querySelectorAll("[data-part]")) part.classList.add("stale");
}

function back() {
  lost.hidden = true;
  for (const part of document.querySelectorAll("[data-part]")) part.classList.remove("stale");
}

const events = new EventSource("/events?days=" + encodeURIComponent(body.dataset.days));
events.onopen = back;
events.onerror = away;
events.onmessage = e => {
  const u = JSON.parse(e.data);
  if (u.start !== body.dataset.start) return location.reload();
  document.title = u.title;
  body.dataset.level = u.level;
  for (const [name, html] of Object.entries(u.parts)) show(name, html);
};

document.addEventListener("change", e => {
  if (e.target.id === "tenant") e.target.dataset.touched = "1";
});

// What was done fades; what was refused stays until the next click.
let fading = 0;
function say(text, ok) {
  clearTimeout(fading);
  said.textContent = text;
  if (ok) fading = setTimeout(() => { said.textContent = "" }, 15000);
}

document.addEventListener("submit", async e => {
  const form = e.target;
  e.preventDefault();
  const select = form.querySelector("select");
  if (select) delete select.dataset.touched;
  const sent = new URLSearchParams(new FormData(form));
  if (e.submitter && e.submitter.name) sent.set(e.submitter.name, e.submitter.value);
  try {
    const answer = await send(form.dataset.does, sent.toString());
    const text = await answer.json();
    say(text.said || text.error, answer.ok);
    if (answer.status === 403) may(false);
  } catch {
    say(crypto.subtle ? "aztray does not answer." : "This browser can't sign what the buttons ask for.", false);
  }
});
