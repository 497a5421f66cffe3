"use strict";
// The server draws; this puts what it sends in place, and sends what is clicked.
const body = document.body, said = document.getElementById("said"), lost = document.getElementById("lost");

// The code is used: out of the address bar with it, and of what a reload asks for.
const address = new URL(location.href);
if (address.searchParams.has("open")) {
  address.searchParams.delete("open");
  history.replaceState(null, "", address);
}

// What answers need, so that this tab can still give them when it is loaded again. Not a cookie: every port of
// this machine is sent those. A key of an earlier start of aztray opens nothing.
function answerKey() {
  const given = body.dataset.key || "", start = body.dataset.start + " ";
  delete body.dataset.key;
  try {
    if (given) sessionStorage.setItem("answers", start + given);
    const kept = sessionStorage.getItem("answers") || "";
    return kept.startsWith(start) ? kept.slice(start.length) : "";
  } catch { // the browser keeps nothing
    return given;
  }
}
const key = answerKey();

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

const events = new EventSource("/events?days=" + encodeURIComponent(body.dataset.days) + (key ? "&answers" : ""));
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
  if (new URL(form.action).pathname === "/actions/answer") sent.set("key", key);
  try {
    const answer = await fetch(form.action, {method: "POST", headers: {Accept: "application/json"}, body: sent});
    const text = await answer.json();
    say(text.said || text.error, answer.ok);
  } catch {
    say("aztray does not answer.", false);
  }
});
