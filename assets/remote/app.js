"use strict";

// The remote control. Every text comes in as text, never as HTML.

const LAYERS = { context: "底图", areas: "区域", heat: "热力", tracks: "轨迹", cameras: "摄像头", devices: "设备", labels: "名称" };
const CLOCK = { live: "直播", paused: "暂停", replay: "回放" };
const POLL_MS = 2000;

const at = (id) => document.getElementById(id);
let state = null;
let timer = 0;
let saidTimer = 0;

function say(text) {
  at("said").textContent = text;
  clearTimeout(saidTimer);
  if (text) saidTimer = setTimeout(() => say(""), 6000);
}

async function call(path, body) {
  const asked = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch("/api/v1/" + path, { ...asked, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Error("连不上大屏");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  if (response.status === 401) showPair();
  let detail = "";
  try { detail = (await response.json()).detail; } catch { /* no words */ }
  throw new Error(detail || "请求失败(" + response.status + ")");
}

async function act(path, body) {
  try {
    await call(path, body);
    say("");
  } catch (error) {
    say(error.message);
  }
  await refresh();
}

function showPair() {
  clearTimeout(timer);
  state = null;
  at("wall").hidden = true;
  at("pair").hidden = false;
}

async function refresh() {
  clearTimeout(timer);
  try {
    const next = await call("state");
    if (JSON.stringify(next) !== JSON.stringify(state)) {
      state = next;
      draw();
    }
    at("pair").hidden = true;
    at("wall").hidden = false;
  } catch (error) {
    if (at("pair").hidden) say(error.message);
  }
  if (at("pair").hidden) timer = setTimeout(refresh, POLL_MS);
}

function button(text, note, click) {
  const made = document.createElement("button");
  made.textContent = text;
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    made.append(small);
  }
  made.addEventListener("click", click);
  return made;
}

function draw() {
  at("title").textContent = state.title;
  at("shown").textContent = CLOCK[state.clock.mode] + " " + state.clock.shown
    + (state.clock.mode === "replay" ? " ×" + state.clock.rate : "");
  at("scenes").replaceChildren(...state.scenes.map((name) => {
    const made = button(name, "", () => act("scene", { name }));
    made.setAttribute("aria-current", String(name === state.scene));
    return made;
  }));
  at("focus").textContent = state.focus ? state.focus.path.join(" › ") : "全域";
  const runs = state.clock.mode !== "paused";
  at("pause").textContent = runs ? "暂停" : "继续";
  at("pause").dataset.body = JSON.stringify({ action: runs ? "pause" : "play" });
  at("live").setAttribute("aria-pressed", String(state.clock.mode === "live"));
  at("layers").replaceChildren(...state.layers.map((layer) => {
    const made = button(LAYERS[layer.name] || layer.name, "", () => act("layers", { toggle: layer.name }));
    made.setAttribute("aria-pressed", String(layer.is_visible));
    return made;
  }));
  at("tilt").setAttribute("aria-pressed", String(state.tilt_deg > 0));
  at("alarm").hidden = state.unacknowledged === 0;
  at("h-alerts").textContent = "告警:" + state.unacknowledged + " 项未确认";
  at("alerts").replaceChildren(...state.alerts.map((alert) => {
    const where = [alert.subject, alert.place].filter(Boolean).join(" · ");
    const row = document.createElement("div");
    row.className = "pair";
    row.append(
      button((alert.severity === "alarm" ? "▲ " : "◆ ") + alert.title, where + " · " + alert.raised.slice(11, 16),
        () => act("alerts", { show: alert.id })),
      button("确认", "", () => act("alerts", { acknowledge: alert.id })),
    );
    return row;
  }));
  const isPublic = state.audience === "public";
  at("public").setAttribute("aria-checked", String(isPublic));
  at("public").disabled = state.configured_audience === "public";
  at("public").textContent = isPublic ? "已开启" : "已关闭";
}

let searching = 0;
async function search() {
  const text = at("search").value.trim();
  const mine = ++searching;
  let areas = [];
  if (text) {
    try {
      areas = (await call("areas?search=" + encodeURIComponent(text))).areas;
    } catch (error) {
      say(error.message);
    }
  }
  if (mine !== searching) return;
  at("areas").replaceChildren(...areas.map((area) => button(area.name, area.path.slice(0, -1).join(" › "), () => {
    at("search").value = "";
    at("areas").replaceChildren();
    act("focus", { code: area.code });
  })));
}

async function pair(code) {
  try {
    await call("pair", { code, name: "网页" });
    at("code").value = "";
    say("");
    await refresh();
  } catch (error) {
    showPair();
    say(error.message);
  }
}

async function start() {
  for (const one of document.querySelectorAll("button[data-path]")) {
    one.addEventListener("click", () => act(one.dataset.path, JSON.parse(one.dataset.body)));
  }
  at("pair-form").addEventListener("submit", (event) => {
    event.preventDefault();
    pair(at("code").value);
  });
  let wait = 0;
  at("search").addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(search, 250);
  });
  at("public").addEventListener("click", () => act("audience", { public: state.audience !== "public" }));
  at("unpair").addEventListener("click", async () => {
    await act("unpair", {});
    showPair();
  });
  at("picture").addEventListener("error", () => { at("picture").hidden = true; say("画面取不到"); });
  at("picture").addEventListener("load", () => { at("picture").hidden = false; });
  const look = () => { at("picture").src = "/api/v1/picture?" + Date.now(); };
  at("refresh").addEventListener("click", look);
  at("picture").addEventListener("click", look);

  const written = new URLSearchParams(location.hash.slice(1)).get("code");
  // A code stays neither in the address nor in the history.
  if (written !== null) history.replaceState(null, "", location.pathname);
  if (written) await pair(written);
  else await refresh();
}

start();
